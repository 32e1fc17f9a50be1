// Speed of the WebAssembly kernels: npx tsx bench/wasm.ts, or for the fused build on Node 20
// node --experimental-wasm-relaxed-simd --import tsx bench/wasm.ts.
// Prints the best of several rounds; copies into and out of the module's memory are included.

import { loadFloat32Kernels } from '../src/wasm/kernels.js';
import type { ConvolutionGeometry } from '../src/wasm/plan.js';

const kernels = loadFloat32Kernels();
if (!kernels) throw new Error('this host does not load the WebAssembly kernels');

const random = (n: number) => Float32Array.from({ length: n }, () => Math.random() - 0.5);

/** Seconds of one call, best of several rounds of about 20 ms. */
function seconds(call: () => void): number {
  let repeats = 1;
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 12; ) {
    const start = performance.now();
    for (let i = 0; i < repeats; i++) call();
    const elapsed = performance.now() - start;
    if (elapsed < 10) {
      repeats *= 2;
      continue;
    }
    best = Math.min(best, elapsed / repeats / 1000);
    round++;
  }
  return best;
}

const report = (name: string, operations: number, time: number) =>
  `${name} ${(operations / time / 1e9).toFixed(1)} GFLOP/s (${(time * 1e6).toFixed(time < 1e-4 ? 2 : 0)} us)`;

console.log(`relaxed SIMD: ${kernels.relaxed}`);
const products: [string, number, number, number][] = [
  ['square', 512, 512, 512],
  ['linear regression', 1, 13, 506],
  ['its gradient', 1, 506, 13],
  ['MLP 1', 64, 784, 100],
  ['MLP 1, gradient of w', 64, 100, 784],
  ['MLP 1, gradient of x', 784, 64, 100],
  ['MLP 2', 10, 64, 100],
  ['softmax', 10, 784, 100],
  ['LSTM', 1024, 512, 128],
  ['LSTM, gradient of w', 1024, 128, 512],
  ['LSTM, gradient of x', 512, 1024, 128],
  ['LeNet 3', 500, 800, 100],
];
for (const [name, m, k, n] of products) {
  const forms = ['NN', 'NT', 'TN', 'TT'].map(form => {
    const [a, b, c] = [random(m * k), random(k * n), random(m * n)];
    const [ar, ac] = form[0] === 'N' ? [1, m] : [k, 1];
    const [br, bc] = form[1] === 'N' ? [1, k] : [n, 1];
    const time = seconds(() => kernels.gemm(m, n, k, 1, a, 0, ar, ac, b, 0, br, bc, 0, c, 0, 1, m));
    return report(form, 2 * m * n * k, time);
  });
  console.log(`${`${m}x${k}x${n}`.padEnd(14)} ${name.padEnd(22)} ${forms.join('  ')}`);
}

const layer = (
  size: number,
  filter: number,
  inputs: number,
  outputs: number,
  more: Partial<ConvolutionGeometry> = {},
): ConvolutionGeometry => {
  const padding = more.padding?.[0] ?? 0;
  const stride = more.stride?.[0] ?? 1;
  const y = 1 + Math.floor((size + 2 * padding - filter) / stride);
  const both = (value: number) => [value, value];
  const shape = { x: both(size), w: both(filter), y: both(y), padding: both(padding), stride: both(stride), dilation: both(1) };
  return { ...shape, inputs, outputs, batch: 100, group: 1, flip: true, alpha: 1, ...more };
};
const layers: [string, ConvolutionGeometry][] = [
  ['LeNet 1', layer(28, 5, 1, 20)],
  ['LeNet 2', layer(12, 5, 20, 50)],
  ['3x3 padded', layer(32, 3, 64, 64, { padding: [1, 1], batch: 4 })],
  ['3x3 stride 2', layer(32, 3, 64, 128, { padding: [1, 1], stride: [2, 2], batch: 4 })],
  ['3x3 at 7x7', layer(7, 3, 256, 256, { padding: [1, 1], batch: 4 })],
  ['1x1 at 14x14', layer(14, 1, 256, 256, { batch: 4 })],
];
for (const [name, g] of layers) {
  const area = (list: readonly number[]) => list[0]! * list[1]!;
  const w = random(area(g.w) * g.inputs * g.outputs);
  const x = random(area(g.x) * g.inputs * g.batch);
  const y = random(area(g.y) * g.outputs * g.batch);
  const operations = 2 * y.length * area(g.w) * g.inputs;
  const out = { w: w.slice(), x: x.slice(), y: y.slice() };
  const line = [
    report(
      'y',
      operations,
      seconds(() => kernels.convolution(g, w, 0, x, 0, out.y, 0)),
    ),
    report(
      'dx',
      operations,
      seconds(() => kernels.convolutionX(g, w, 0, y, 0, out.x, 0)),
    ),
    report(
      'dw',
      operations,
      seconds(() => kernels.convolutionW(g, x, 0, y, 0, out.w, 0)),
    ),
  ];
  console.log(`${name.padEnd(14)} ${line.join('  ')}`);
}
