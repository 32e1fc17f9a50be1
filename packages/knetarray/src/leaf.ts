/** What autograd has to know of arrays. */
import { disown, isBox, type LeafType, release, retain, type Value, value } from '@knet/autograd';
import { KnetArray } from './array.js';
import { BoxedArray } from './boxed-array.js';
import { DeviceArray } from './core/device-array.js';
import { type DType, typedArray } from './core/dtype.js';
import { accumulateProduct, copyArray, materialize } from './core/lazy.js';
import { formatShape, type Shape, sameShape } from './core/shape.js';
import { runElementwise } from './ops/elementwise.js';
import { expand } from './ops/expand.js';
import { read, readSync } from './ops/read.js';
import { sum, sumTo } from './ops/reduce.js';
import { upload } from './ops/upload.js';

/** The leaf type of {@link KnetArray}. */
export const arrayLeaf: LeafType = {
  name: 'KnetArray',
  box: (x, entry) => new BoxedArray(asArray(x), entry),
  zero: x => {
    const { device, dtype, shape } = asArray(x);
    return DeviceArray.constant(device, dtype, shape, 0);
  },
  seed: x => {
    const { device, dtype, shape } = asArray(x);
    return shape.length === 0 ? DeviceArray.constant(device, dtype, shape, 1) : undefined;
  },
  describe: x => asArray(x).shape,
  fit: (gradient, description) => sumTo(asArray(gradient), (description ?? scalar) as Shape),
  accumulate: (sum, gradient) => sum instanceof DeviceArray && gradient instanceof DeviceArray && accumulateProduct(sum, gradient),
  elementwise: runElementwise,
  conform,
  settle: x => {
    if (x instanceof DeviceArray) materialize(x);
  },
  total: x => sum(asArray(x)),
  unpack: x => readSync(asArray(value(x))),
  unpackAsync: x => read(asArray(value(x))),
  pack: (elements, like) => {
    const { device, dtype, shape } = asArray(like);
    const data = typedArray(dtype, elements.length);
    data.set(elements);
    return upload(device, dtype, shape, data);
  },
  epsilon: x => epsilonOf(asArray(x).dtype),
  inspect: x => {
    const { dtype, shape } = asArray(x);
    return `KnetArray ${formatShape(shape)} ${dtype}`;
  },
};

const scalar: Shape = [];

function epsilonOf(dtype: DType): number {
  if (dtype === 'float64') return Number.EPSILON;
  if (dtype === 'float32') return 2 ** -23;
  return dtype === 'float16' ? 2 ** -10 : dtype === 'bfloat16' ? 2 ** -7 : 0;
}

function asArray(x: Value): KnetArray {
  if (x instanceof KnetArray) return x;
  throw new TypeError('expected a KnetArray');
}

/** The gradient as its user expects it: a number for a number where the device can block, else an array of the leaf's shape that shares nothing. */
function conform(gradient: Value, leaf: Value): Value {
  if (isBox(gradient)) return gradient;
  const plain = value(leaf);
  if (typeof gradient === 'number') {
    if (typeof plain === 'number') return gradient;
    const { device, dtype, shape } = asArray(plain);
    return DeviceArray.constant(device, dtype, shape, gradient);
  }
  if (!(gradient instanceof DeviceArray)) return gradient;
  if (typeof plain === 'number') {
    if (gradient.device.backend.readSync === undefined) return leave(gradient);
    const result = readSync(gradient)[0]!;
    release(gradient);
    return result;
  }
  const { shape } = asArray(plain);
  const fitted = sameShape(gradient.shape, shape) ? gradient : expand(gradient, shape);
  if (!(fitted instanceof DeviceArray)) return fitted;
  materialize(fitted);
  // Two leaves may have got the same array, or one that is somebody else's: the user must be free to write to each.
  const shared = !fitted.owned || fitted.holds > 1 || fitted !== gradient || (fitted.buffer?.refs ?? 0) > 1 || !fitted.contiguous;
  if (!shared) return leave(fitted);
  const copy = copyArray(fitted);
  materialize(copy);
  release(gradient);
  return leave(copy);
}

function leave(x: DeviceArray): DeviceArray {
  retain(x);
  disown(x);
  x.holds = 0;
  return x;
}
