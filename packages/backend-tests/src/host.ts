/** Arrays on the host: what the oracles compute with. Plain numbers in column-major order; nothing here goes through a device. */
import {
  array,
  DeviceArray,
  type DType,
  isHalf,
  type KnetArray,
  roundToHalf,
  span,
  type TypedArray,
  typedArray,
  type View,
  viewOf,
} from '@knet/knetarray';

/** Elements on the host, already rounded to their dtype. */
export interface HostArray {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: TypedArray;
}

/** Number of elements of a shape. */
export function count(shape: readonly number[]): number {
  return shape.reduce((n, m) => n * m, 1);
}

/** A host array from numbers or from a function of the position. */
export function host(
  dtype: DType,
  shape: readonly number[],
  elements: ArrayLike<number> | ((index: number[], i: number) => number),
): HostArray {
  const data = typedArray(dtype, count(shape));
  for (let i = 0; i < data.length; i++) {
    const x = typeof elements === 'function' ? elements(positionOf(i, shape), i) : elements[i]!;
    data[i] = dtype === 'bool' ? Number(x !== 0) : isHalf(dtype) ? roundToHalf(x, dtype) : x;
  }
  return { shape: [...shape], dtype, data };
}

/** Position along each dimension of the i-th element. */
export function positionOf(i: number, shape: readonly number[]): number[] {
  let rest = i;
  return shape.map(n => {
    const at = rest % n;
    rest = (rest - at) / n;
    return at;
  });
}

/** Index of an element from its position; dimensions of length 1 are repeated, missing ones count as 1. */
export function indexOf(position: readonly number[], shape: readonly number[]): number {
  let index = 0;
  let step = 1;
  shape.forEach((n, d) => {
    index += n === 1 ? 0 : (position[d] ?? 0) * step;
    step *= n;
  });
  return index;
}

/** The element of a host array at a position, broadcast. */
export function at(x: HostArray, position: readonly number[]): number {
  return x.data[indexOf(position, x.shape)]!;
}

/** Pseudo-random numbers in [0, 1) for test data: xorshift, seeded. */
function generator(seed: number): () => number {
  let s = (seed * 2654435761 + 88172645) >>> 0 || 1;
  return () => {
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    s >>>= 0;
    return s / 2 ** 32;
  };
}

/** Random test data in [low, high]; whole numbers for integers, 0 and 1 for bool. */
export function sample(dtype: DType, shape: readonly number[], { low = -2, high = 2, seed = 1 } = {}): HostArray {
  const next = generator(seed + 31 * count(shape));
  const whole = dtype === 'int32' || dtype === 'uint8';
  const floor = whole ? Math.ceil(dtype === 'uint8' ? Math.max(0, low) : low) : low;
  return host(dtype, shape, () => {
    const u = next();
    if (dtype === 'bool') return Number(u < 0.5);
    return whole ? floor + Math.floor(u * (Math.floor(high) - floor + 1)) : floor + u * (high - floor);
  });
}

/** How the elements of an array lie in memory. */
export type Layout = 'contiguous' | 'offset' | 'permuted';

/** All layouts. */
export const layouts: readonly Layout[] = ['contiguous', 'offset', 'permuted'];

/** The array on the current device, with its elements laid out in one of several ways. */
export function upload(x: HostArray, layout: Layout = 'contiguous'): KnetArray {
  const { shape, dtype, data } = x;
  const rank = shape.length;
  if (layout === 'contiguous') return array(data.slice(), { shape, dtype });
  if (layout === 'offset') {
    // Two foreign slices before and one after: the view begins in the middle of a storage.
    const slice = rank === 0 ? 1 : count(shape.slice(0, -1));
    const last = rank === 0 ? 1 : shape[rank - 1]!;
    const padded = typedArray(dtype, slice * (last + 3));
    padded.fill(dtype === 'bool' ? 1 : 77);
    padded.set(data, 2 * slice);
    const whole = array(padded, { shape: rank === 0 ? [4] : [...shape.slice(0, -1), last + 3], dtype });
    if (rank === 0) return whole.get(2);
    return whole.slice(...shape.map((_, d) => (d === rank - 1 ? span(2, 2 + last) : (':' as const))));
  }
  if (rank < 2) return array(data.slice(), { shape, dtype });
  const order = shape.map((_, d) => rank - 1 - d);
  const reversed = order.map(d => shape[d]!);
  const turned = host(dtype, reversed, position => at(x, position.slice().reverse()));
  return array(turned.data, { shape: reversed, dtype }).permute(...order);
}

/** The elements of an array as a kernel sees them. */
export function deviceView(x: KnetArray): View {
  if (!(x instanceof DeviceArray)) throw new TypeError('expected an array with data');
  return viewOf(x);
}
