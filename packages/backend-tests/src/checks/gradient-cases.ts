/** The differentiable functions of arrays, each with arguments: one table for derivatives, leaks and documentation. */
import * as knet from '@knet/knetarray';
import { type KnetArray, type OpName, opNames, span } from '@knet/knetarray';
import type { GradientCase } from '../gradient-case.js';
import { operationCases } from '../oracles/operations.js';
import { functionOf } from './functions.js';

/** Operations whose derivative is zero, and those that are tested with arguments of their own. */
const apart: readonly OpName[] = [
  'copy',
  'sign',
  'floor',
  'ceil',
  'round',
  'trunc',
  'isfinite',
  'isnan',
  'eq',
  'ne',
  'gt',
  'ge',
  'lt',
  'le',
  'where',
  'polygamma',
  'pow',
];

/** Narrower ranges where finite differences of the second order would step outside or lose too many digits. */
const ranges: Partial<Record<OpName, readonly [number, number]>> = {
  sqrt: [0.5, 4],
  cbrt: [0.5, 4],
  exp: [-2, 2],
  exp10: [-1, 1],
  log: [0.5, 4],
  log2: [0.5, 4],
  log10: [0.5, 4],
  log1p: [-0.5, 2],
  tan: [-1, 1],
  asin: [-0.8, 0.8],
  acos: [-0.8, 0.8],
  atanh: [-0.8, 0.8],
  acosh: [1.5, 4],
  erfinv: [-0.8, 0.8],
  erfcinv: [0.3, 1.7],
  erfcx: [-1, 2],
  lgamma: [0.6, 5],
  digamma: [0.6, 5],
  div: [0.5, 3],
  hypot: [0.5, 3],
  atan2: [0.5, 3],
};

/** Elements in an irregular order and all different, so that extremes are unique. */
const distinct = (n: number): number[] => Array.from({ length: n }, (_, i) => (((i * 7) % n) - n / 2 + 0.3) / 2);

const lists = new Map<string, KnetArray>();

/** A list of positions on the device of an array, made once: it is the user's, not the gradient's. */
function positions(x: KnetArray, ...list: number[]): KnetArray {
  const key = `${x.device.name}: ${list.join()}`;
  let a = lists.get(key);
  if (a === undefined) {
    a = knet.array(list, { dtype: 'int32', device: x.device });
    lists.set(key, a);
  }
  return a;
}

const elementwiseCases: GradientCase[] = opNames
  .filter(op => !apart.includes(op))
  .map(op => {
    const arity = operationCases[op].ranges.length;
    const shapes =
      arity === 1
        ? [[3, 2]]
        : [
            [3, 1],
            [1, 2],
          ];
    return { name: op, run: (...x) => functionOf(op)(...x), shapes, range: ranges[op] ?? [-2, 2] };
  });

/** Every differentiable function of this library. */
export const gradientCases: readonly GradientCase[] = [
  ...elementwiseCases,
  { name: 'copy', run: x => knet.copy(x!), shapes: [[3]] },
  { name: 'pow', run: (x, y) => knet.pow(x!, y!), shapes: [[3], [1, 2]], range: [0.5, 2] },
  { name: 'pow', run: x => knet.pow(x!, 3), shapes: [[3]] },
  { name: 'pow', run: x => knet.pow(x!, 2), shapes: [[3]] },
  { name: 'polygamma', run: x => knet.polygamma(1, x!), shapes: [[4]], range: [1, 4] },
  { name: 'where', run: (x, y) => knet.where(knet.gt(x!, 0), x!, knet.mul(y!, y!)), shapes: [[3, 2], [3]] },
  { name: 'clamp', run: x => knet.clamp(x!, -1, 1), shapes: [[4]], elements: [[-1.7, -0.4, 0.6, 1.8]] },
  { name: 'max', run: x => knet.max(x!, 0).mul(x!), shapes: [[4]] },
  { name: 'add', run: (x, y) => x!.add(y!).mul(x!), shapes: [[2, 3], []] },
  {
    name: 'mul',
    run: (x, y) => x!.mul(y!).mul(y!),
    shapes: [
      [2, 1, 3],
      [1, 4],
    ],
  },
  { name: 'div', run: (x, y) => knet.div(1, x!).add(knet.div(x!, y!)), shapes: [[2, 2], [2]], range: [0.5, 2] },
  { name: 'sum', run: x => knet.abs2(x!.sum({ dims: [0, 2] })), shapes: [[3, 2, 2]] },
  { name: 'sum', run: x => knet.abs2(x!.sum()), shapes: [[3, 2]] },
  { name: 'prod', run: x => x!.prod({ dims: 0 }), shapes: [[3, 2]] },
  { name: 'prod', run: x => x!.prod(), shapes: [[5]], elements: [[1, 0, -2, 0.5, 3]] },
  { name: 'maximum', run: x => knet.abs2(x!.maximum({ dims: 1 })), shapes: [[3, 4]], elements: [distinct(12)] },
  { name: 'minimum', run: x => knet.abs2(x!.minimum()), shapes: [[3, 4]], elements: [distinct(12)] },
  { name: 'mean', run: x => knet.abs2(x!.mean({ dims: 1 })), shapes: [[3, 4]] },
  { name: 'var', run: x => x!.var({ dims: 0 }), shapes: [[4, 2]] },
  { name: 'std', run: x => x!.std(), shapes: [[4, 2]] },
  { name: 'sumabs', run: x => knet.abs2(knet.sumabs(x!, { dims: 0 })), shapes: [[4, 2]] },
  { name: 'sumabs2', run: x => knet.sumabs2(x!, { dims: 0 }), shapes: [[4, 2]] },
  { name: 'maxabs', run: x => knet.abs2(knet.maxabs(x!, { dims: 0 })), shapes: [[4, 2]], elements: [distinct(8)] },
  { name: 'minabs', run: x => knet.abs2(knet.minabs(x!)), shapes: [[4, 2]], elements: [distinct(8).map(v => v + 0.05)] },
  { name: 'norm', run: x => knet.norm(x!), shapes: [[4, 2]] },
  { name: 'norm', run: x => knet.norm(x!, 3, { dims: 0 }), shapes: [[4, 2]], range: [0.5, 2] },
  { name: 'norm', run: x => knet.abs2(knet.norm(x!, 1)), shapes: [[4]] },
  { name: 'logsumexp', run: x => knet.logsumexp(x!, { dims: 0 }), shapes: [[4, 2]] },
  { name: 'logsumexp', run: x => knet.logsumexp(x!), shapes: [[5]] },
  { name: 'cumsum', run: x => knet.abs2(knet.cumsum(x!, { dims: 1 })), shapes: [[2, 5]] },
  {
    name: 'matmul',
    run: (x, y) => x!.matmul(y!),
    shapes: [
      [2, 3],
      [3, 4],
    ],
  },
  {
    name: 'matmul',
    run: (x, y) => x!.t().matmul(y!.t()),
    shapes: [
      [3, 2],
      [4, 3],
    ],
  },
  { name: 'matmul', run: (x, y) => x!.matmul(y!).add(y!.matmul(x!.t())), shapes: [[3, 3], [3]] },
  { name: 'matmul', run: x => x!.matmul(x!), shapes: [[3, 3]] },
  {
    name: 'bmm',
    run: (x, y) => x!.bmm(y!),
    shapes: [
      [2, 3, 2],
      [3, 2, 2],
    ],
  },
  { name: 'dot', run: (x, y) => x!.dot(y!), shapes: [[4], [2, 2]] },
  { name: 'outer', run: (x, y) => knet.outer(x!, y!), shapes: [[3], [2]] },
  { name: 'axpy', run: (x, y) => knet.axpy(2, knet.abs2(x!), y!), shapes: [[3], [3]] },
  { name: 'reshape', run: x => knet.abs2(x!.reshape(3, -1)).vec(), shapes: [[2, 3, 2]] },
  { name: 'mat', run: x => knet.abs2(knet.mat(x!)), shapes: [[2, 2, 3]] },
  { name: 'transpose', run: x => x!.t().mul(x!), shapes: [[3, 3]] },
  { name: 'permute', run: x => knet.abs2(x!.permute(2, 0, 1)), shapes: [[2, 3, 2]] },
  { name: 'expand', run: x => knet.abs2(knet.expand(x!, [3, 4])), shapes: [[3, 1]] },
  { name: 'slice', run: x => knet.abs2(x!.slice(':', span(1, 3))).sum({ dims: 0 }), shapes: [[3, 4]] },
  { name: 'slice', run: x => knet.abs2(x!.slice(span(3, 0, -2), 1)), shapes: [[4, 3]] },
  { name: 'slice', run: x => knet.abs2(x!.slice([0, 0, 2], -1)), shapes: [[4, 3]] },
  { name: 'get', run: x => x!.get(1, 0).mul(x!.get(0, 1)), shapes: [[2, 2]] },
  {
    name: 'gather',
    run: x => knet.abs2(knet.gather(x!, positions(x!, 2, 0, -1, 2), 1)),
    shapes: [[2, 3]],
  },
  {
    name: 'scatterAdd',
    run: x => knet.abs2(knet.scatterAdd(x!, positions(x!, 1, 1, -1), 0, 3)),
    shapes: [[3, 2]],
  },
  { name: 'embed', run: x => knet.abs2(knet.pad(x!, [[1, 0]])), shapes: [[3, 2]] },
  {
    name: 'pad',
    run: x =>
      knet.abs2(
        knet.pad(
          x!,
          [
            [1, 2],
            [0, 1],
          ],
          1.5,
        ),
      ),
    shapes: [[3, 2]],
  },
  {
    name: 'cat',
    run: (x, y) => knet.abs2(knet.cat([x!, y!, x!], 1)),
    shapes: [
      [2, 1],
      [2, 3],
    ],
  },
  { name: 'hcat', run: (x, y) => knet.abs2(knet.hcat(x!, y!)), shapes: [[3], [3, 2]] },
  { name: 'vcat', run: (x, y) => knet.abs2(knet.vcat(x!, y!, 2)), shapes: [[3], [2]] },
  {
    name: 'stack',
    run: (x, y) => knet.abs2(knet.stack([x!, y!])),
    shapes: [
      [2, 2],
      [2, 2],
    ],
  },
  { name: 'split', run: x => knet.split(x!, 2, 1).map(part => knet.abs2(part)), shapes: [[2, 4]] },
  { name: 'repeat', run: x => knet.abs2(knet.repeat(x!, 2, 2)), shapes: [[2, 3]] },
  { name: 'flip', run: x => knet.flip(x!, 0).mul(x!), shapes: [[3, 2]] },
  { name: 'array', run: x => knet.abs2(knet.stack([x!.get(0), x!.get(2)])), shapes: [[3]] },
];
