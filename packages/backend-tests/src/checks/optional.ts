/** Optional kernels that a backend has, called directly: convolution, max pooling, softmax, LSTM cells and layers, and their gradients. */
import type { ConvolutionGeometry, DType, OptionalKernel, PoolingGeometry } from '@knet/knetarray';
import { assert, exact, expectElements } from '../compare.js';
import { type HostArray, host, sample } from '../host.js';
import {
  convolutionOracle,
  lstmGradientOracle,
  lstmOracle,
  maxPoolingOracle,
  softmaxGradientOracle,
  softmaxOracle,
} from '../oracles/kernels.js';
import type { Suite } from '../suite.js';
import { output, withViews } from './kernel-views.js';
import { checkLstmLayer } from './lstm-layer.js';

/** Registers the tests. A kernel that the backend leaves out has none: the functions made of it are tested all the same. */
export function checkOptionalKernels(suite: Suite): void {
  const tests = new Map<OptionalKernel, (readonly [name: string, body: (dtype: DType) => Promise<void>])[]>([
    ['convolution', convolutions.map(([name, g]) => [name, dtype => checkConvolution(suite, dtype, g)] as const)],
    ['maxPooling', poolings.map(([name, g]) => [name, dtype => checkPooling(suite, dtype, g)] as const)],
    [
      'softmax',
      [
        ['', dtype => checkSoftmax(suite, dtype)],
        ['of extreme numbers', dtype => checkExtremes(suite, dtype)],
      ],
    ],
    ['lstm', [['', dtype => checkLstm(suite, dtype)]]],
    ['lstmLayer', [['', dtype => checkLstmLayer(suite, dtype)]]],
  ]);
  for (const [kernel, list] of tests) {
    const dtypes = suite.floats.filter(dtype => suite.backend[kernel] !== undefined && suite.backend.supports(kernel, dtype));
    if (dtypes.length === 0) continue;
    suite.group(`the kernel ${kernel}`, () => {
      for (const dtype of dtypes) for (const [name, body] of list) suite.test(`${kernel} (kernel)`, dtype, () => body(dtype), name);
    });
  }
}

const plain = { inputs: 3, outputs: 2, batch: 2, group: 1, flip: false, alpha: 1 };

function geometryOf(given: Partial<ConvolutionGeometry> & Pick<ConvolutionGeometry, 'x' | 'w'>): ConvolutionGeometry {
  const ones = given.x.map(() => 1);
  const { padding = ones.map(() => 0), stride = ones, dilation = ones } = given;
  const y = given.x.map((n, d) => 1 + Math.floor((n + 2 * padding[d]! - ((given.w[d]! - 1) * dilation[d]! + 1)) / stride[d]!));
  return { ...plain, ...given, padding, stride, dilation, y };
}

const convolutions: readonly (readonly [name: string, geometry: ConvolutionGeometry])[] = [
  ['of single elements', geometryOf({ x: [1, 1], w: [1, 1], inputs: 1, outputs: 1, batch: 1 })],
  ['of lines', geometryOf({ x: [23], w: [4] })],
  ['of images', geometryOf({ x: [9, 7], w: [3, 2], inputs: 5, outputs: 4 })],
  ['of images, flipped and padded', geometryOf({ x: [8, 6], w: [5, 3], padding: [2, 1], flip: true, alpha: 0.5 })],
  ['with strides', geometryOf({ x: [11, 10], w: [3, 3], stride: [2, 3], padding: [1, 1] })],
  ['with dilation', geometryOf({ x: [13, 9], w: [3, 2], dilation: [2, 3] })],
  ['in groups', geometryOf({ x: [6, 5], w: [2, 2], inputs: 6, outputs: 4, group: 2 })],
  ['of single channels', geometryOf({ x: [6, 5], w: [3, 3], inputs: 4, outputs: 4, group: 4, padding: [1, 1] })],
  ['of volumes', geometryOf({ x: [5, 4, 3], w: [2, 3, 2], inputs: 2, stride: [1, 2, 1], flip: true })],
  ['of points', geometryOf({ x: [7, 3], w: [1, 1], inputs: 9, outputs: 17 })],
];

async function checkConvolution(suite: Suite, dtype: DType, g: ConvolutionGeometry): Promise<void> {
  const { backend } = suite;
  const shapes = { w: [...g.w, g.inputs / g.group, g.outputs], x: [...g.x, g.inputs, g.batch], y: [...g.y, g.outputs, g.batch] };
  const [w, x, y] = [sample(dtype, shapes.w, { seed: 1 }), sample(dtype, shapes.x, { seed: 2 }), sample(dtype, shapes.y, { seed: 3 })];
  for (const [kind, a, b, shape] of [
    ['forward', w, x, shapes.y],
    ['gradientX', w, y, shapes.x],
    ['gradientW', x, y, shapes.w],
  ] as const) {
    const result = output(dtype, shape);
    withViews([a, b], [result], ([p, q], [r]) => backend.convolution?.(kind, g, p!, q!, r!));
    const expected = host('float64', shape, convolutionOracle(kind, g, a.data, b.data));
    expectElements(await result.data(), expected, suite.tolerance('convolution', dtype, 16), `convolution ${kind}`);
  }
}

const poolings: readonly (readonly [name: string, geometry: PoolingGeometry])[] = [
  ['of single elements', { x: [1, 1], y: [1, 1], window: [1, 1], padding: [0, 0], stride: [1, 1], planes: 1 }],
  ['of lines', { x: [11], y: [5], window: [2], padding: [0], stride: [2], planes: 3 }],
  ['of images', { x: [8, 6], y: [4, 3], window: [2, 2], padding: [0, 0], stride: [2, 2], planes: 6 }],
  ['of windows that overlap', { x: [9, 7], y: [5, 7], window: [3, 3], padding: [1, 1], stride: [2, 1], planes: 2 }],
  ['of a clipped window', { x: [2, 5], y: [1, 2], window: [3, 2], padding: [0, 0], stride: [1, 3], planes: 2 }],
  ['of volumes', { x: [5, 4, 3], y: [2, 2, 2], window: [2, 2, 2], padding: [0, 0, 0], stride: [3, 2, 1], planes: 3 }],
];

async function checkPooling(suite: Suite, dtype: DType, g: PoolingGeometry): Promise<void> {
  const shape = [...g.x, g.planes];
  // Few different numbers, so that there are ties.
  const whole = sample('int32', shape, { low: -3, high: 3 });
  for (const x of [sample(dtype, shape), host(dtype, shape, whole.data)]) {
    const [y, indices] = [output(dtype, [...g.y, g.planes]), output('int32', [...g.y, g.planes])];
    withViews([x], [y, indices], ([p], [q, r]) => suite.backend.maxPooling?.(g, p!, q!, r!));
    const expected = maxPoolingOracle(g, x.data);
    expectElements(await y.data(), host(dtype, y.shape, expected.y), exact, 'the largest elements');
    expectElements(await indices.data(), host('int32', y.shape, expected.indices), exact, 'the positions of the largest elements');
  }
}

const softmaxes: readonly (readonly [inner: number, length: number, outer: number])[] = [
  [1, 1, 1],
  [1, 10, 7],
  [5, 3, 1],
  [3, 1, 4],
  [1, 33, 3],
  [17, 9, 2],
  [2, 300, 1],
  [1, 1030, 2],
];

async function checkSoftmax(suite: Suite, dtype: DType): Promise<void> {
  const { backend } = suite;
  const tolerance = suite.tolerance('softmax', dtype, 8);
  assert(backend.softmaxGradient !== undefined, 'a backend with softmax needs softmaxGradient');
  for (const [inner, length, outer] of softmaxes) {
    const [g, shape] = [{ inner, length, outer }, [inner, length, outer]];
    const [x, dy] = [sample(dtype, shape, { low: -5, high: 5 }), sample(dtype, shape, { seed: 2 })];
    for (const kind of ['softmax', 'logp'] as const) {
      const what = `${kind} of [${shape}]`;
      const [y, dx] = [output(dtype, shape), output(dtype, shape)];
      withViews([x], [y], ([p], [q]) => backend.softmax?.(kind, g, p!, q!));
      const values = host(dtype, shape, softmaxOracle(kind, g, x.data));
      expectElements(await y.data(), values, tolerance, what);
      withViews([values, dy], [dx], ([p, q], [r]) => backend.softmaxGradient?.(kind, g, p!, q!, r!));
      const expected = host(dtype, shape, softmaxGradientOracle(kind, g, values.data, dy.data));
      expectElements(await dx.data(), expected, tolerance, `the gradient of ${what}`);
    }
  }
}

async function checkExtremes(suite: Suite, dtype: DType): Promise<void> {
  const groups = [
    [1000, -1000, 999, 0],
    [Number.NEGATIVE_INFINITY, 0, Number.NEGATIVE_INFINITY, 0],
    [1, Number.NaN, 2, 3],
    [-1e30, 1e30, 0, 1e30],
    [-110, 0, -90, -104],
  ];
  const shape = [groups.length, 4];
  for (const rows of [false, true]) {
    const g = rows ? { inner: 1, length: 4, outer: groups.length } : { inner: groups.length, length: 4, outer: 1 };
    const lengths = rows ? [1, 4, groups.length] : [...shape, 1];
    const x = host(dtype, lengths, ([i, l, o]) => (rows ? groups[o!]![l!]! : groups[i!]![l!]!));
    for (const kind of ['softmax', 'logp'] as const) {
      const y = output(dtype, lengths);
      withViews([x], [y], ([p], [q]) => suite.backend.softmax?.(kind, g, p!, q!));
      const expected = host(dtype, lengths, softmaxOracle(kind, g, x.data));
      expectElements(await y.data(), expected, suite.tolerance('softmax', dtype, 8), `${kind} of extreme numbers`);
    }
  }
}

const cells: readonly (readonly [n: number, m: number])[] = [
  [1, 1],
  [7, 1],
  [5, 3],
  [16, 2],
  [33, 4],
  [1, 19],
  [700, 2],
];

async function checkLstm(suite: Suite, dtype: DType): Promise<void> {
  const { backend } = suite;
  const tolerance = suite.tolerance('lstm', dtype, 8);
  assert(backend.lstmGradient !== undefined, 'a backend with lstm needs lstmGradient');
  for (const [n, m] of cells) {
    for (const range of [3, 100]) {
      const what = `of ${m} times ${n} cells with gates up to ${range}`;
      const gates = sample(dtype, [n, 4, m], { low: -range, high: range });
      const [cell, dh, dc] = [2, 3, 4].map(seed => sample(dtype, [n, m], { seed })) as [HostArray, HostArray, HostArray];
      const [hidden, newCell, dCell] = [output(dtype, [n, m]), output(dtype, [n, m]), output(dtype, [n, m])];
      withViews([gates, cell], [hidden, newCell], ([g, c], [p, q]) => backend.lstm?.(g!, c!, p!, q!));
      const states = lstmOracle(gates.data, cell.data, n);
      expectElements(await hidden.data(), host(dtype, [n, m], states.hidden), tolerance, `hidden ${what}`);
      expectElements(await newCell.data(), host(dtype, [n, m], states.cell), tolerance, `cell ${what}`);
      const next = host(dtype, [n, m], states.cell);
      const dGates = output(dtype, [n, 4, m]);
      withViews([gates, cell, next, dh, dc], [dGates, dCell], ([g, c, after, h, d], [p, q]) =>
        backend.lstmGradient?.(g!, c!, after!, { hidden: h!, cell: d! }, p!, q!),
      );
      const given = { gates: gates.data, cell: cell.data, newCell: next.data, hiddenGradient: dh.data, cellGradient: dc.data };
      const expected = lstmGradientOracle(given, n);
      expectElements(await dGates.data(), host(dtype, [n, 4, m], expected.gates), tolerance, `gradient of gates ${what}`);
      expectElements(await dCell.data(), host(dtype, [n, m], expected.cell), tolerance, `gradient of the cell ${what}`);
    }
  }
}
