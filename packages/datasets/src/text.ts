import { type DataFile, readAnyFile, readDataFile, type SourceOptions } from './source.js';

/** Texts that ship with the package. */
export type TextName = 'hiawatha' | 'tinyshakespeare';

const texts: Readonly<Record<TextName, DataFile>> = {
  hiawatha: {
    name: 'text/hiawatha.txt',
    size: 214325,
    sha256: 'c1f1725c6e9a8d96ac34de046f2c9ee320b49ed27f724dc51f85c643b715748f',
  },
  tinyshakespeare: {
    name: 'text/tinyshakespeare.txt',
    size: 1115394,
    sha256: '86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed',
  },
};

const isTextName = (name: string): name is TextName => Object.hasOwn(texts, name);

/**
 * A text to train a language model on: one that ships with the package, checked against its SHA-256, or any UTF-8 file.
 *
 * @param nameOrFile `hiawatha` or `tinyshakespeare`; else the path of a file (write `./hiawatha` for a file with such a name) or an http(s) URL
 * @param options where the two named texts are read from; an error with any other file
 * @throws if the file cannot be read, is not the published one, or is not UTF-8
 * @example const poem = await text('hiawatha');
 */
export async function text(nameOrFile: TextName | (string & {}), options: SourceOptions = {}): Promise<string> {
  const known = isTextName(nameOrFile);
  if (!known && Object.values(options).some(option => option !== undefined))
    throw new TypeError(
      `text: ${JSON.stringify(nameOrFile)} is not one of ${Object.keys(texts).join(', ')}: give its whole path or URL and no options`,
    );
  const bytes = known ? await readDataFile(texts[nameOrFile], options) : await readAnyFile(nameOrFile);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error(`text: ${nameOrFile} is not a UTF-8 text`, { cause });
  }
}
