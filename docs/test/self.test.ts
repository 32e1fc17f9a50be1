/** The checks of documents notice what is wrong. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { blocksOf, moduleOf, withChecks } from './blocks.js';
import { check } from './check.js';
import { typecheck } from './typecheck.js';

const fence = '```';
const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

describe('blocks', () => {
  it('are found with their lines and marks', () => {
    const markdown = `a\n${fence}ts\nlet x = 1;\n${fence}\n${fence}sh\nls\n${fence}\n${fence}ts no-run\nx\n${fence}\n`;
    expect(blocksOf(markdown)).toEqual([
      { line: 3, code: 'let x = 1;', run: true },
      { line: 9, code: 'x', run: false },
    ]);
    expect(() => blocksOf(`${fence}ts\n1`)).toThrow('no end');
    expect(() => blocksOf(`${fence}ts skip\n1\n${fence}`)).toThrow("unknown mark 'skip'");
  });

  it('share a module that imports a name once and keeps the lines', () => {
    const one = { line: 2, code: "import { a, b } from 'm';", run: true };
    const two = { line: 4, code: "import {\n  b,\n  type c,\n} from 'm';\nb;", run: true };
    const lines = moduleOf([one, two]).split('\n');
    expect(lines[1]).toBe("import { a, b } from 'm';");
    expect(lines.slice(3, 8).join('|')).toBe("import { type c }||| from 'm';|b;");
  });

  it('turn promises into checks, and refuse those that nothing would check', () => {
    expect(withChecks('f(1); // => 2')).toBe(`await __check('is', 1, async () => [f(1)], "2"); // => 2`);
    expect(withChecks('const x = 3; // => 3')).toContain("const x = 3; await __check('is', 1, async () => [x]");
    expect(withChecks('console.log(a, b); // =>\n// 1 2')).toContain(`[a, b], " 1 2")`);
    expect(withChecks('f(); // throws TypeError: no')).toContain(`'throws', 1, async () => [f()], "TypeError: no"`);
    expect(() => withChecks('{\n  f(); // => 1\n}')).toThrow('line 2');
    expect(() => withChecks('f(); // =>')).toThrow('no expected result');
  });
});

describe('check', () => {
  const is = (value: unknown, text: string) => check('is', 7, async () => [value], text);
  it('compares as Node shows, and numbers to their last digit', async () => {
    await is([1, 'a'], "[ 1, 'a' ]");
    await is(0.84147, 'about 0.8415');
    await expect(is(0.84147, 'about 0.843')).rejects.toThrow('line 7');
    await expect(is([1], '[ 2 ]')).rejects.toThrow('line 7: the result is [ 1 ]');
    await expect(is([1, 2], 'about [ 1 ]')).rejects.toThrow('line 7');
  });

  it('expects errors with a text', async () => {
    const fail = async (): Promise<unknown[]> => {
      throw new TypeError('no such thing');
    };
    await check('throws', 1, fail, 'TypeError: no such');
    await expect(check('throws', 1, fail, 'RangeError')).rejects.toThrow('line 1: threw TypeError: no such thing');
    await expect(check('throws', 1, async () => [1], 'any')).rejects.toThrow('nothing was thrown');
  });
});

describe('typecheck', () => {
  it('uses the strict options and the sources', () => {
    const path = `${root}/docs/test/.generated/self.ts`;
    const text =
      "import { add } from '@knet/autograd';\nconst x: string = add(1, 2);\nconst list = [1];\nlist[0].toFixed();\nexport { x };\n";
    const messages = typecheck(root, new Map([[path, text]])).get(path);
    expect(messages).toEqual(["line 2: Type 'number' is not assignable to type 'string'.", "line 4: Object is possibly 'undefined'."]);
  });
});
