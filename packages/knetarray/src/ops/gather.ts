/** Choosing slices along a dimension by a list of positions, and its transpose. */
import { type Primitive, primitive } from '@knet/autograd';
import { KnetArray } from '../array.js';
import { DeviceArray } from '../core/device-array.js';
import { materialize, viewOf } from '../core/lazy.js';
import { formatShape, normalizeDim, type Shape } from '../core/shape.js';
import { astype } from './cast.js';
import type { Positions } from './selection.js';
import { upload } from './upload.js';

interface GatherOptions {
  readonly dim: number;
}

const gatherArray: Primitive<(x: KnetArray, indices: KnetArray, options: GatherOptions) => KnetArray> = /* @__PURE__ */ primitive(
  'gather',
  {
    methods: [[[KnetArray, KnetArray], (x: DeviceArray, indices: DeviceArray, { dim }: GatherOptions) => runGather(x, indices, dim)]],
    derivatives: [
      context => {
        const indices = context.args[1];
        const dim = context.options.dim as number;
        const length = (context.describe(0) as Shape)[dim]!;
        return dy => scatterArray(dy, indices, { dim, length });
      },
      noGradient,
    ],
  },
);

const scatterArray: Primitive<(x: KnetArray, indices: KnetArray, options: GatherOptions & { length: number }) => KnetArray> =
  /* @__PURE__ */ primitive('scatterAdd', {
    methods: [
      [
        [KnetArray, KnetArray],
        (x: DeviceArray, indices: DeviceArray, o: GatherOptions & { length: number }) => runScatter(x, indices, o.dim, o.length),
      ],
    ],
    derivatives: [
      ({ args, options }) => {
        const indices = args[1];
        const dim = options.dim as number;
        return dy => gatherArray(dy, indices, { dim });
      },
      noGradient,
    ],
  });

/** Positions have no gradient; they may still be a box, so that the tape that made them frees them. */
function noGradient(): () => undefined {
  return () => undefined;
}

/**
 * Slices of an array along one dimension, at the positions of an int32 vector; zeros where a position is negative. Repeated
 * positions accumulate in the gradient.
 *
 * @throws TypeError unless the positions are an int32 vector; RangeError, where the device can tell, for positions out of range
 *
 * @example
 * gather(w, array([3, 3, 0], { dtype: 'int32' }), 1); // columns 3, 3 and 0
 */
export function gather(x: KnetArray, indices: KnetArray, dim = 0): KnetArray {
  return gatherArray(x, checked(indices, x, 'gather'), { dim: normalizeDim(dim, x.ndim, 'gather') });
}

/**
 * Zeros of length `length` along `dim`, to which the slices of `x` are added at the given positions: the transpose of
 * {@link gather}. Negative positions are left out.
 */
export function scatterAdd(x: KnetArray, indices: KnetArray, dim: number, length: number): KnetArray {
  // Sums of truth values and bytes count: they are int32, as those of sum.
  const terms = x.dtype === 'bool' || x.dtype === 'uint8' ? astype(x, 'int32') : x;
  return scatterArray(terms, checked(indices, x, 'scatterAdd'), { dim: normalizeDim(dim, x.ndim, 'scatterAdd'), length });
}

/** Positions for {@link gather} on the device of `x`. A generic function of `x`, so that a gradient computation frees what it uploads. */
const uploaded: Primitive<(x: KnetArray, options: { list: Int32Array }) => KnetArray> = /* @__PURE__ */ primitive('positions', {
  methods: [[[KnetArray], ({ device }: DeviceArray, { list }: { list: Int32Array }) => upload(device, 'int32', [list.length], list)]],
  zeroDerivative: true,
});

/** A list of positions on the device of `x`. */
export function positionsOf(list: Positions, x: KnetArray): KnetArray {
  return list instanceof KnetArray ? list : uploaded(x, { list });
}

function checked(i: KnetArray, x: KnetArray, caller: string): KnetArray {
  if (i.dtype !== 'int32' || i.ndim !== 1)
    throw new TypeError(`${caller}: indices must be an int32 vector, not ${i.dtype} ${formatShape(i.shape)}`);
  if (i.device !== x.device)
    throw new Error(`${caller}: indices are on '${i.device.name}', the array on '${x.device.name}'; move one with to()`);
  return i;
}

function runGather(x: DeviceArray, indices: DeviceArray, dim: number): DeviceArray {
  const shape = x.shape.map((n, d) => (d === dim ? indices.size : n));
  const source = viewOf(x);
  const positions = viewOf(indices);
  const result = DeviceArray.empty(x.device, x.dtype, shape);
  if (result.size > 0) x.device.backend.gather(source, positions, result.view(), dim);
  return result;
}

function runScatter(x: DeviceArray, indices: DeviceArray, dim: number, length: number): DeviceArray {
  const source = viewOf(x);
  const positions = viewOf(indices);
  const result = DeviceArray.constant(
    x.device,
    x.dtype,
    x.shape.map((n, d) => (d === dim ? length : n)),
    0,
  );
  materialize(result);
  if (x.size > 0 && result.size > 0) x.device.backend.scatterAdd(source, positions, result.view(), dim);
  return result;
}
