/** Works in little memory, runs out of it, and goes on; prints what happened. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { array, dispose, fillUniform, type KnetArray, memory, rand, scatterAdd, useBackend, zeros } from '@knet/knetarray';
import { cudaBackend } from '@knet/knetarray-cuda';
import { failure } from '../failure.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as (options?: { type: 'minor' }) => void;

const backend = cudaBackend({ collectGarbage: () => gc({ type: 'minor' }) });
useBackend(backend);

/** Elements of an array; it takes a quarter of a MiB. */
const length = 2 ** 16;

/** Whether an array holds the random numbers of a seed, each times a factor. */
function holds(x: KnetArray, seed: number, factor = 1): boolean {
  const expected = new Float32Array(length);
  fillUniform([seed, 0xffffffff], expected);
  return x.dataSync().every((element, i) => element === factor * expected[i]!);
}

// For later, when there is no memory for them: what a kernel reads, and room for its result.
const few = 1000;
const list = array(Int32Array.from({ length }, (_, j) => j % few));
let room = rand([few]);

// Many times what there is, in a loop that never gives way and drops every array.
let last: KnetArray = zeros([length]);
for (let i = 0; i < 200; i++) last = rand([length], { seed: i });
const dropped = { right: holds(last, 199), ...memory() };
last.dispose();

/** Arrays of random numbers until there is no more memory, and the error then. */
function fill(): { kept: KnetArray[]; error: string } {
  const kept: KnetArray[] = [];
  const error = failure(() => {
    for (;;) kept.push(rand([length], { seed: kept.length }));
  });
  return { kept, error };
}

// More than there is, all of it kept.
const { kept, error } = fill();
const full = { error, count: kept.length, right: kept.every((x, i) => holds(x, i)), ...memory() };

// A kernel that needs memory for itself: it gets what is kept for reuse.
const x = kept.pop()!;
dispose(kept);
const again = fill();
dispose([room, ...again.kept.splice(0, 6)]);
const before = memory().pooled;
room = scatterAdd(x, list, 0, few);
const sums = new Float32Array(few);
x.dataSync().forEach((element, j) => {
  sums[j % few]! += element;
});
const scattered = { before, after: memory().pooled, right: room.dataSync().every((element, i) => element === sums[i]) };

// And it says so when there is none; what is given back can be used again.
const rest = fill();
room.dispose();
const kernel = failure(() => scatterAdd(x, list, 0, few));
dispose([...again.kept, ...rest.kept]);
const usable = holds(rand([length], { seed: 77 }).mul(2), 77, 2);

const tooLarge = failure(() => rand([2 ** 24]));
console.log(JSON.stringify({ dropped, full, scattered, kernel, usable, tooLarge, total: backend.deviceMemory.total }));
