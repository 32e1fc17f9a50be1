/** Type checks of texts that are not files, under the options of the repository and against the sources of its packages. */
import { dirname, join } from 'node:path';
import ts from 'typescript';

/** Messages of the compiler for each text, by its path, which decides how its imports are found. */
export function typecheck(root: string, texts: ReadonlyMap<string, string>): Map<string, string[]> {
  const path = join(root, 'tsconfig.json');
  const { config, error } = ts.readConfigFile(path, ts.sys.readFile);
  if (error !== undefined) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, '\n'));
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile, directoryExists } = host;
  const folders = new Set([...texts.keys()].map(dirname));
  host.fileExists = name => texts.has(name) || fileExists.call(host, name);
  host.directoryExists = name => folders.has(name) || (directoryExists?.call(host, name) ?? true);
  host.readFile = name => texts.get(name) ?? readFile.call(host, name);
  host.getSourceFile = (name, languageVersion, ...rest) => {
    const text = texts.get(name);
    if (text !== undefined) return ts.createSourceFile(name, text, languageVersion, true);
    return getSourceFile.call(host, name, languageVersion, ...rest);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  const messages = new Map<string, string[]>();
  for (const name of texts.keys()) {
    const file = program.getSourceFile(name);
    const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    messages.set(
      name,
      found.map(({ file: at, start, messageText }) => {
        const line = at !== undefined && start !== undefined ? at.getLineAndCharacterOfPosition(start).line + 1 : 0;
        return `line ${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
      }),
    );
  }
  return messages;
}
