/** The tests of kernels that have a version for each instruction set, once more on the lesser one: it is chosen as the addon loads. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { loadNative } from '../src/native.js';

const files = ['gather', 'pooling', 'random'];
const wanted = process.env.KNET_ISA;

it.skipIf(wanted === 'avx2')('kernels for AVX2 pass the same tests', { timeout: 120_000 }, async () => {
  const folder = dirname(fileURLToPath(import.meta.url));
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const run = promisify(execFile)(
    process.execPath,
    [vitest, 'run', '--reporter=json', join(folder, 'isa.test.ts'), ...files.map(file => join(folder, `${file}.test.ts`))],
    { cwd: join(folder, '../../..'), env: { ...process.env, KNET_ISA: 'avx2' }, maxBuffer: 2 ** 26 },
  );
  const { stdout } = await run;
  const report = JSON.parse(stdout.slice(stdout.indexOf('{'))) as { numFailedTests: number; numPassedTests: number };
  expect(report.numFailedTests).toBe(0);
  expect(report.numPassedTests).toBeGreaterThan(50);
});

it.runIf(wanted === 'avx2')('AVX2 is what runs', () => {
  expect(loadNative().isa).toBe('avx2');
});
