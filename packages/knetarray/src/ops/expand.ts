/** Repeating an array over a larger shape, without memory. */
import { type Primitive, primitive } from '@knet/autograd';
import { KnetArray } from '../array.js';
import type { Device } from '../core/device.js';
import { DeviceArray } from '../core/device-array.js';
import type { DType } from '../core/dtype.js';
import { asDType, materialize } from '../core/lazy.js';
import { broadcastShapes, broadcastStrides, formatShape, type Shape, sameShape } from '../core/shape.js';
import { sumTo } from './reduce.js';

/** {@link expand} as a generic function. */
const expandArray: Primitive<(x: KnetArray, options: { shape: Shape }) => KnetArray> = /* @__PURE__ */ primitive('expand', {
  stateless: true,
  methods: [[[KnetArray], (x: DeviceArray, { shape }: { shape: Shape }) => expandView(x, shape)]],
  derivatives: [
    context => {
      const shape = context.describe(0) as Shape;
      return dy => sumTo(dy, shape);
    },
  ],
});

/**
 * An array seen through a larger shape that it broadcasts to. A view: nothing is copied.
 * @throws RangeError when the shapes do not broadcast
 */
export function expand(x: KnetArray, shape: Shape): KnetArray {
  return sameShape(x.shape, shape) ? x : expandArray(x, { shape });
}

function expandView(x: DeviceArray, shape: Shape): DeviceArray {
  if (!sameShape(broadcastShapes(x.shape, shape, 'expand'), shape)) {
    throw new RangeError(`expand: shape ${formatShape(x.shape)} does not broadcast to ${formatShape(shape)}`);
  }
  const constant = x.constantValue;
  if (constant !== undefined) return DeviceArray.constant(x.device, x.dtype, shape, constant);
  materialize(x);
  return x.alias(shape, x.offset, broadcastStrides(x.shape, x.strides, shape));
}

/** An array that repeats a number; keeps the gradient of a number that is being differentiated. */
export const expandNumber: Primitive<(x: number, options: { shape: Shape; dtype: DType; device: Device }) => KnetArray> =
  /* @__PURE__ */ primitive('expandNumber', {
    methods: [
      [
        [Number],
        (x: number, o: { shape: Shape; dtype: DType; device: Device }) =>
          DeviceArray.constant(o.device, o.dtype, o.shape, asDType(x, o.dtype)),
      ],
    ],
    derivatives: [() => dy => sumTo(dy, [])],
  });
