import { host } from '#host';

/** Where the files of a data set are read from. Without any option: the copy that ships with the package (not in browsers). */
export interface SourceOptions {
  /** Folder on a server, absolute or relative to the page: `mnist({ url: 'https://example.org/mnist/' })`. */
  url?: string | URL;
  /** Folder of the file system. Not in browsers, nor together with `url`. */
  directory?: string;
  /** Folder that keeps what came from `url`, so that it is fetched once. Not in browsers. */
  cache?: string;
}

/** A published file: its name in the package's data folder, and what its bytes must be. */
export interface DataFile {
  readonly name: string;
  readonly size: number;
  /** In lower-case hexadecimal. */
  readonly sha256: string;
}

/**
 * The bytes of a file, checked against its size and SHA-256. A file in the cache that fails the check is fetched again; one that was
 * fetched and fails it is an error and is not kept.
 *
 * @throws if the file cannot be read, or is not the expected one; the message names the file, what was expected and what was found
 */
export async function readDataFile(file: DataFile, { url, directory, cache }: SourceOptions = {}): Promise<Uint8Array> {
  if (url !== undefined && directory !== undefined) throw new TypeError(`${file.name}: give either url or directory, not both`);
  if (cache !== undefined && url === undefined) throw new TypeError(`${file.name}: cache keeps what comes from a url; give url too`);
  const base = file.name.slice(file.name.lastIndexOf('/') + 1);
  if (url !== undefined) {
    const cached = cache === undefined ? undefined : await attempt(file.name, `${cache}/${file.name}`, host.readCache(cache, file.name));
    if (cached && (await difference(file, cached)) === undefined) return cached;
    const address = `${url}`.replace(/\/?$/, `/${base}`);
    const bytes = await check(file, address, await fetchBytes(file.name, address));
    if (cache !== undefined) await attempt(file.name, `cache ${cache}`, host.writeCache(cache, file.name, bytes));
    return bytes;
  }
  if (directory === undefined) return check(file, 'the package', await attempt(file.name, 'the package', host.readBundled(file.name)));
  const path = directory.replace(/\/?$/, `/${base}`);
  return check(file, path, await attempt(file.name, path, host.readFile(path)));
}

/** A file that is not one of ours: no checksum. `address` is a URL with its scheme, or a path. */
export async function readAnyFile(address: string): Promise<Uint8Array> {
  return /^https?:/i.test(address) ? fetchBytes(address, address) : attempt(address, address, host.readFile(address));
}

/**
 * Unpacks gzip.
 *
 * @param name goes into the error's message
 * @throws if the bytes are no gzip file or end too early
 */
export async function gunzip(name: string, packed: Uint8Array): Promise<Uint8Array> {
  const copy = new Uint8Array(packed);
  const stream = new Blob([copy]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await attempt(name, 'gzip', new Response(stream).arrayBuffer()));
}

/** SHA-256 in lower-case hexadecimal. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  if (!globalThis.crypto?.subtle)
    throw new Error('sha256: this page has no crypto.subtle to check the data set with; serve it by https or from localhost');
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(bytes)));
  return Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('');
}

/** How the bytes differ from the file, or undefined if they are the file. */
async function difference({ size, sha256: expected }: DataFile, bytes: Uint8Array): Promise<string | undefined> {
  if (bytes.length !== size) return `expected ${size} bytes, found ${bytes.length}`;
  const found = await sha256(bytes);
  return found === expected ? undefined : `expected SHA-256 ${expected}, found ${found}`;
}

async function check(file: DataFile, from: string, bytes: Uint8Array): Promise<Uint8Array> {
  const wrong = await difference(file, bytes);
  if (wrong === undefined) return bytes;
  const unpacked = file.name.endsWith('.gz') && !(bytes[0] === 0x1f && bytes[1] === 0x8b);
  const hint = unpacked ? ' (these bytes are not gzip: a server that unpacks .gz files on the way must not)' : '';
  throw new Error(`${file.name}: wrong file from ${from}: ${wrong}${hint}`);
}

async function fetchBytes(name: string, address: string): Promise<Uint8Array> {
  const response = await attempt(name, address, fetch(address));
  if (!response.ok) throw new Error(`${name}: cannot be read from ${address}: HTTP status ${response.status} ${response.statusText}`);
  return new Uint8Array(await attempt(name, address, response.arrayBuffer()));
}

/** Says which file an error of the platform is about. */
async function attempt<T>(name: string, from: string, result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (cause) {
    throw new Error(`${name}: cannot be read from ${from}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
