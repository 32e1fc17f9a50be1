/** Max pooling composed of required kernels. */
import {
  add,
  arange,
  argmax,
  type DeviceArray,
  type DType,
  gather,
  isFloat,
  type KnetArray,
  mul,
  type PoolingGeometry,
  reshape,
  vec,
  where,
} from '@knet/knetarray';
import { realTable, windowTable } from './pooling-geometry.js';
import { product, table } from './spatial.js';

/** Position in `vec(x)` of the first largest element of each window, for backends without a max pooling kernel. */
export function composedPositions(x: DeviceArray, g: PoolingGeometry): KnetArray {
  const { device } = x;
  const [size, count] = [product(g.window), product(g.y)];
  const windows = windowTable(device, g);
  if (count * g.planes === 0) return arange(0, 0, 1, { dtype: 'int32', device });
  const gathered = reshape(gather(reshape(x, [product(g.x), g.planes]), windows, 0), [size, count, g.planes]);
  // Gathering gave 0 where a window leaves x; those places come last in each window and must lose even against -Infinity.
  const masked = where(realTable(device, x.dtype, g), gathered, lowest(x.dtype));
  const places = reshape(argmax(masked, { dims: 0 }), [count, g.planes]);
  const first = table(device, `window starts ${size} ${count}`, () => Int32Array.from({ length: count }, (_, i) => i * size));
  const inPlane = reshape(gather(vec(windows), vec(add(places, first))), [count, g.planes]);
  const planes = reshape(arange(0, g.planes, 1, { dtype: 'int32', device }), [1, g.planes]);
  return vec(add(inPlane, mul(planes, product(g.x))));
}

function lowest(dtype: DType): number {
  return isFloat(dtype) ? Number.NEGATIVE_INFINITY : dtype === 'int32' ? -(2 ** 31) : 0;
}
