/** The TypeScript blocks of a Markdown file as one module, with its lines where they stand in the file. */
import ts from 'typescript';

/** A fenced block of TypeScript. */
export interface Block {
  /** Line of its first line of code, from 1. */
  readonly line: number;
  readonly code: string;
  /** False for a block that is only type-checked (`ts no-run`). */
  readonly run: boolean;
}

/** The `ts` blocks of a Markdown text. A fence with any other word after `ts` than `no-run` is an error. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const fence = /^(\s*)```(\S*)\s*(.*)$/.exec(lines[i]!);
    if (fence === null) continue;
    const start = i + 1;
    do i++;
    while (i < lines.length && lines[i]!.trim() !== '```');
    if (i === lines.length) throw new Error(`line ${start}: this block has no end`);
    if (fence[2] !== 'ts') continue;
    if (fence[3] !== '' && fence[3] !== 'no-run') throw new Error(`line ${start}: unknown mark '${fence[3]}' of a block`);
    blocks.push({ line: start + 1, code: lines.slice(start, i).join('\n'), run: fence[3] === '' });
  }
  return blocks;
}

/** Blocks as the text of one module: each stands on the lines that it has in the file, and a name is imported once. */
export function moduleOf(blocks: readonly Block[]): string {
  const lines: string[] = [];
  const imported = new Set<string>();
  for (const { line, code } of blocks) {
    while (lines.length < line - 1) lines.push('');
    lines.push(...withoutRepeats(code, imported).split('\n'));
  }
  return `${lines.join('\n')}\nexport {};\n`;
}

/** Takes out of the imports what an earlier block has imported from the same module. */
function withoutRepeats(code: string, imported: Set<string>): string {
  const file = parse(code);
  const cuts: { from: number; to: number; text: string }[] = [];
  for (const statement of file.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    const names = statement.importClause?.namedBindings;
    if (names === undefined || !ts.isNamedImports(names)) continue;
    const from = statement.moduleSpecifier.text;
    const fresh = names.elements.filter(element => {
      const key = `${from} ${element.name.text}`;
      return !imported.has(key) && imported.add(key) !== undefined;
    });
    const text = `{ ${fresh.map(element => element.getText(file)).join(', ')} }`;
    cuts.push({ from: names.getStart(file), to: names.getEnd(), text: text + '\n'.repeat(names.getText(file).split('\n').length - 1) });
  }
  return replace(code, cuts);
}

/** What a module for running calls in place of a statement with an expected result. */
export const checkName = '__check';

/**
 * Turns what a comment promises into checks. `x; // => text` compares what `x` is with the text, as Node shows it; so do
 * `const x = ...; // => text` and `console.log(x); // => text`. `x; // throws text` expects an error whose message has the text in it.
 * With nothing behind the arrow, the text is in the comment lines below.
 *
 * @throws Error for a promise that is not behind a statement at the top level of the module, which nothing would check
 */
export function withChecks(code: string): string {
  const file = parse(code);
  const promises = new Set<number>();
  const lines = code.split('\n');
  lines.forEach((line, i) => {
    if (/\/\/ (=>|throws )/.test(line)) promises.add(i);
  });
  const cuts: { from: number; to: number; text: string }[] = [];
  for (const statement of file.statements) {
    const last = file.getLineAndCharacterOfPosition(statement.getEnd());
    if (!promises.has(last.line)) continue;
    const behind = /^\s*\/\/ (=>|throws)(.*)$/.exec(lines[last.line]!.slice(last.character));
    if (behind === null) continue;
    promises.delete(last.line);
    const kind = behind[1] === '=>' ? 'is' : 'throws';
    const text = behind[2]!.trim() === '' ? commentBelow(lines, last.line) : behind[2]!.trim();
    const check = (expression: string) =>
      `await ${checkName}('${kind}', ${last.line + 1}, async () => [${expression}], ${JSON.stringify(text)});`;
    const end = statement.getEnd();
    if (ts.isExpressionStatement(statement)) {
      const { expression } = statement;
      const logged = ts.isCallExpression(expression) && expression.expression.getText(file) === 'console.log' && kind === 'is';
      const inside = logged ? expression.arguments.map(x => x.getText(file)).join(', ') : expression.getText(file);
      cuts.push({ from: statement.getStart(file), to: end, text: check(inside) });
    } else if (ts.isVariableStatement(statement) && kind === 'is') {
      const { name } = statement.declarationList.declarations.at(-1)!;
      cuts.push({ from: end, to: end, text: ` ${check(name.getText(file))}` });
    } else throw new Error(`line ${last.line + 1}: nothing can check the comment behind this statement`);
  }
  for (const line of promises) throw new Error(`line ${line + 1}: this promise is not behind a statement at the top level`);
  return replace(code, cuts);
}

function commentBelow(lines: readonly string[], line: number): string {
  const below: string[] = [];
  for (let i = line + 1; i < lines.length && lines[i]!.trim().startsWith('//'); i++) below.push(lines[i]!.trim().slice(2));
  if (below.length === 0) throw new Error(`line ${line + 1}: no expected result behind the arrow or below`);
  return below.join('\n');
}

function parse(code: string): ts.SourceFile {
  return ts.createSourceFile('blocks.ts', code, ts.ScriptTarget.ES2022, true);
}

function replace(code: string, cuts: readonly { from: number; to: number; text: string }[]): string {
  let result = code;
  for (const { from, to, text } of [...cuts].sort((a, b) => b.from - a.from)) result = result.slice(0, from) + text + result.slice(to);
  return result;
}
