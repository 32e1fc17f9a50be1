/** Reading elements back to the host. */
import { value } from '@knet/autograd';
import type { KnetArray } from '../array.js';
import { DeviceArray } from '../core/device-array.js';
import type { TypedArray } from '../core/dtype.js';
import { contiguous } from '../core/lazy.js';
import { contiguousStrides, formatShape, type Shape, sizeOf } from '../core/shape.js';

/** Nested rows: `number[]` for a vector, `number[][]` for a matrix, ... */
export type NestedNumbers = number | boolean | readonly NestedNumbers[];

/** A snapshot of all elements, column-major. */
export async function read(x: KnetArray): Promise<TypedArray> {
  const source = contiguous(plain(x, 'data'));
  const result = await source.device.backend.read(source.requireBuffer().storage, source.dtype, source.offset, source.size);
  if (source !== value(x)) source.free();
  return result;
}

/** {@link read}, blocking. @throws Error where the device cannot block */
export function readSync(x: KnetArray, caller = 'dataSync'): TypedArray {
  const a = plain(x, caller);
  const { backend } = a.device;
  if (backend.readSync === undefined) {
    throw new Error(`${caller}: the device '${a.device.name}' cannot block; write await a.${caller.replace('Sync', '')}()`);
  }
  const source = contiguous(a);
  const result = backend.readSync(source.requireBuffer().storage, source.dtype, source.offset, source.size);
  if (source !== a) source.free();
  return result;
}

/** The array behind a box. */
export function plain(x: KnetArray, caller: string): DeviceArray {
  const a = value(x);
  if (a instanceof DeviceArray) return a;
  throw new TypeError(`${caller}: expected a KnetArray`);
}

/** The one element of an array. */
export function onlyElement(data: TypedArray, shape: Shape, caller: string): number {
  if (data.length !== 1) throw new RangeError(`${caller}: expected an array of one element, not shape ${formatShape(shape)}`);
  return data[0]!;
}

/** Column-major elements as nested rows. */
export function nest(data: TypedArray, shape: Shape): NestedNumbers {
  const strides = contiguousStrides(shape);
  const build = (dim: number, offset: number): NestedNumbers => {
    if (dim === shape.length) return data[offset]!;
    return Array.from({ length: shape[dim]! }, (_, i) => build(dim + 1, offset + i * strides[dim]!));
  };
  return build(0, 0);
}

/** Nested rows as column-major numbers with their shape. @throws RangeError when rows differ in length */
export function flatten(rows: NestedNumbers, caller: string): { shape: number[]; leaves: unknown[] } {
  const shape: number[] = [];
  for (let level: unknown = rows; Array.isArray(level); level = level[0]) shape.push(level.length);
  const strides = contiguousStrides(shape);
  const leaves: unknown[] = new Array(sizeOf(shape));
  const walk = (x: unknown, dim: number, offset: number): void => {
    if (dim === shape.length) {
      if (Array.isArray(x)) throw ragged(caller, shape);
      leaves[offset] = x;
      return;
    }
    if (!Array.isArray(x) || x.length !== shape[dim]) throw ragged(caller, shape);
    for (let i = 0; i < x.length; i++) walk(x[i], dim + 1, offset + i * strides[dim]!);
  };
  walk(rows, 0, 0);
  return { shape, leaves };
}

function ragged(caller: string, shape: Shape): RangeError {
  return new RangeError(`${caller}: nested rows must have equal lengths; the first ones give shape ${formatShape(shape)}`);
}
