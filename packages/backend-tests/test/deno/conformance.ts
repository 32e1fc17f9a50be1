/**
 * The suite as a program for Deno. Arguments: which kernels, the number of this part and of parts. It prints a line of JSON for each
 * test, then how many there were.
 */
import { webgpuBackend } from '@knet/knetarray-webgpu';
import { conformance } from '../../src/index.js';
import { collectGarbage } from '../browser/garbage.js';
import { listTests } from '../list.js';

const [kernels, part, parts] = process.argv.slice(2);
if (kernels !== 'software' && kernels !== 'gpu') throw new Error(`there are no kernels '${kernels}'`);

const backend = await webgpuBackend({ kernels });
const name = `webgpu in Deno, kernels '${kernels}'`;
// Drivers may take subnormal numbers for 0, and powers of small halves are subnormal.
const exclude = { 'norm float16': 'powers of small halves are subnormal, which this driver takes for 0' };
const all = listTests(runner => conformance(() => backend, { ...runner, collectGarbage, name, exclude }));
const mine = all.filter((_, i) => i % Number(parts) === Number(part));
for (const test of mine) {
  const start = performance.now();
  let error: string | undefined;
  try {
    await test.body();
  } catch (thrown) {
    error = thrown instanceof Error ? thrown.message : String(thrown);
  }
  console.log(JSON.stringify({ name: test.name, error, milliseconds: Math.round(performance.now() - start) }));
}
console.log(JSON.stringify({ tests: mine.length }));
backend.destroy();
