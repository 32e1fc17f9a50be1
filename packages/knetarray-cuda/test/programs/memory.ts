/** Works in little memory, runs out of it, and goes on; prints what happened. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { dispose, fillUniform, type KnetArray, memory, rand, useBackend, zeros } from '@knet/knetarray';
import { cudaBackend } from '@knet/knetarray-cuda';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as (options?: { type: 'minor' }) => void;

const backend = cudaBackend({ collectGarbage: () => gc({ type: 'minor' }) });
useBackend(backend);

/** Elements of an array; it takes a quarter of a MiB. */
const length = 2 ** 16;

/** What `f` throws. */
function failure(f: () => unknown): string {
  try {
    f();
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
  return '';
}

/** Whether an array holds the random numbers of a seed, each times a factor. */
function holds(x: KnetArray, seed: number, factor = 1): boolean {
  const expected = new Float32Array(length);
  fillUniform([seed, 0xffffffff], expected);
  return x.dataSync().every((element, i) => element === factor * expected[i]!);
}

// Many times what there is, in a loop that never gives way and drops every array.
let last: KnetArray = zeros([length]);
for (let i = 0; i < 200; i++) last = rand([length], { seed: i });
const dropped = { right: holds(last, 199), ...memory() };
last.dispose();

// More than there is, all of it kept.
const kept: KnetArray[] = [];
const outOfMemory = failure(() => {
  for (;;) kept.push(rand([length], { seed: kept.length }));
});
const full = { count: kept.length, right: kept.every((x, i) => holds(x, i)), ...memory() };

// What is given back can be used again.
dispose(kept.splice(0, 2));
const usable = holds(rand([length], { seed: 77 }).mul(2), 77, 2);

const tooLarge = failure(() => rand([2 ** 24]));
console.log(JSON.stringify({ dropped, outOfMemory, full, usable, tooLarge, total: backend.deviceMemory.total }));
