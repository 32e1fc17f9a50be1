// Reads float32 arrays, one after the other, runs the kernels of one command, and writes their results:
// `softmax <logarithm> <inner> <length> <outer>` of x and dy, or `lstm <n> <m>` of gates, cell, and the gradients of both states.
import { readFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';

const native = createRequire(import.meta.url)('../build/knet.node');
if (native.isa !== 'avx2') throw new Error(`the addon uses ${native.isa}`);
const words = native.connect();
const bytes = readFileSync(0);
const [name, ...numbers] = process.argv[2].split(' ');
const lengths = numbers.map(Number);

let at = 0;
const buffer = n => new ArrayBuffer(4 * n);
const next = n => {
  const data = buffer(n);
  new Uint8Array(data).set(bytes.subarray(at, at + 4 * n));
  at += 4 * n;
  return data;
};
const run = (kernel, ...list) => {
  words.set([0, ...list.map(x => (typeof x === 'number' ? x : native.address(x)))]);
  native[kernel]();
};

let results;
if (name === 'softmax') {
  const size = lengths[1] * lengths[2] * lengths[3];
  const [x, dy, y, dx] = [next(size), next(size), buffer(size), buffer(size)];
  run('softmax', ...lengths, x, y);
  run('softmaxGradient', ...lengths, y, dy, dx);
  results = [y, dx];
} else {
  const size = lengths[0] * lengths[1];
  const [gates, cell, dh, dc] = [next(4 * size), next(size), next(size), next(size)];
  const [hidden, newCell, dGates, dCell] = [buffer(size), buffer(size), buffer(4 * size), buffer(size)];
  run('lstm', ...lengths, gates, cell, hidden, newCell);
  run('lstmGradient', ...lengths, gates, cell, newCell, dh, dc, dGates, dCell);
  results = [hidden, newCell, dGates, dCell];
}
for (const result of results) {
  const data = new Uint8Array(result);
  for (let done = 0; done < data.length; ) done += writeSync(1, data, done);
}
