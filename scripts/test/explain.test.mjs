import { describe, expect, test } from 'vitest';
import { explain, tail } from '../lib/explain.mjs';

describe('explain', () => {
  test('a network failure is named as one, with what to do', () => {
    const output = ' ERR_PNPM_META_FETCH_FAIL  GET https://example.org/tsup: reason: getaddrinfo ENOTFOUND example.org';
    const { sentence, known } = explain('packages', output, 'setup.log');
    expect(known).toBe(true);
    expect(sentence).toMatch(/registry could not be reached.*network.*run the command again.*setup\.log/);
  });

  test('an outdated lock file names the command that updates it', () => {
    expect(explain('packages', 'ERR_PNPM_OUTDATED_LOCKFILE  Cannot install', 'setup.log').sentence).toContain('`pnpm install`');
  });

  test('any other failure points to the messages above', () => {
    const { sentence, known } = explain('build', 'error TS2322', 'setup.log');
    expect(known).toBe(false);
    expect(sentence).toContain('above');
  });

  test('an error code quoted by the compiler is not taken for a cause', () => {
    expect(explain('build', "src/file.ts:3: const code = 'ENOTFOUND'", 'setup.log', true).known).toBe(false);
  });
});

describe('tail', () => {
  test('keeps the last lines and drops the frames of a stack trace', () => {
    const output = ['first', 'Error: wrong shape', '    at matmul (file.js:3:14)', '    at new Promise (<anonymous>)', 'last'].join('\n');
    expect(tail(output)).toBe('first\nError: wrong shape\nlast');
    expect(tail(output, 1)).toBe('last');
  });
});
