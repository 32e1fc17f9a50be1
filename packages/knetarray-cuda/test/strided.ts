/** Views of any strides on the emulated GPU, and what a plain loop over the same elements computes. */
import { type DType, decodeHalves, encodeHalves, fillBits, isFloat, isHalf, type TypedArray, typedArray, type View } from '@knet/knetarray';
import type { CudaBackend } from '../src/index.js';

/** A view but for its storage. */
export interface Layout {
  shape: readonly number[];
  strides?: readonly number[];
  offset?: number;
}

/** A layout, and what its storage holds. */
export interface Strided extends Required<Layout> {
  dtype: DType;
  data: TypedArray;
}

/** A layout over reproducible elements, some more than it reaches. */
export function strided(dtype: DType, layout: Layout, seed: number): Strided {
  const { shape, strides = contiguous(shape), offset = 0 } = layout;
  const length = shape.reduce((end, n, d) => end + Math.max(0, (n - 1) * strides[d]!), offset + 1) + 7;
  return { dtype, shape, strides, offset, data: sample(dtype, length, seed) };
}

function contiguous(shape: readonly number[]): number[] {
  let step = 1;
  return shape.map(n => {
    const stride = step;
    step *= n;
    return stride;
  });
}

/** The same view on a device. */
export function upload(backend: CudaBackend, { dtype, shape, strides, offset, data }: Strided): View {
  const storage = backend.allocate(dtype, data.length);
  backend.write(storage, 0, data);
  return { storage, dtype, shape, strides, offset };
}

/** Everything that the storage of an uploaded view holds. */
export function download(backend: CudaBackend, view: View, { data }: Strided): TypedArray {
  return backend.readSync(view.storage, view.dtype, 0, data.length);
}

/** Reproducible elements: numbers around 0, with NaN, infinities and zeros of both signs among the floating ones. */
function sample(dtype: DType, length: number, seed: number): TypedArray {
  const bits = new Uint32Array(length);
  fillBits([seed, length], bits);
  const data = typedArray(dtype, length);
  const specials = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0, 0];
  const floating = isFloat(dtype);
  for (let i = 0; i < length; i++) {
    const word = bits[i]!;
    if (floating && word % 11 === 0) data[i] = specials[(word >>> 8) % specials.length]!;
    else if (dtype === 'bool') data[i] = word & 1;
    else data[i] = (word % 23) - (dtype === 'uint8' ? 0 : 11) + (floating ? (word >>> 20) / 4096 : 0);
  }
  return isHalf(dtype) ? decodeHalves(encodeHalves(data, dtype), dtype) : data;
}

/** Positions from -1 to `length`: some stand for nothing, and some are past the end. */
export function positions(count: number, length: number, seed: number): Int32Array {
  const bits = new Uint32Array(count);
  fillBits([seed, count], bits);
  return Int32Array.from(bits, word => (word % (length + 2)) - 1);
}

/** Calls f with every position of a shape. */
export function forEachPosition(shape: readonly number[], f: (position: number[]) => void): void {
  const size = shape.reduce((n, m) => n * m, 1);
  for (let i = 0; i < size; i++) {
    let rest = i;
    f(
      shape.map(n => {
        const at = rest % n;
        rest = (rest - at) / n;
        return at;
      }),
    );
  }
}

/** Where in its storage an element is. */
export function placeOf({ strides, offset }: Strided, position: readonly number[]): number {
  return position.reduce((place, at, d) => place + at * strides[d]!, offset);
}

/** Throws at the first difference, the sign of zero included. */
export function expectSame(actual: TypedArray, expected: TypedArray): void {
  if (actual.length !== expected.length) throw new Error(`${actual.length} elements, expected ${expected.length}`);
  for (let i = 0; i < expected.length; i++)
    if (!Object.is(actual[i], expected[i])) throw new Error(`element ${i}: ${actual[i]}, expected ${expected[i]}`);
}
