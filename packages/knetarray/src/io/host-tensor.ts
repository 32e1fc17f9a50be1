import { bytesPerElement, type TypedArray as HostData, type DType as HostDType, isHalf } from '../core/dtype.js';
import { decodeHalves, encodeHalves } from '../core/half.js';
import { sizeOf as elementCount } from '../core/shape.js';

export type { HostData, HostDType };
export { bytesPerElement, elementCount };

/** An array in host memory, column-major: the first dimension is the fastest. */
export interface HostTensor {
  readonly dtype: HostDType;
  readonly shape: readonly number[];
  readonly data: HostData;
}

const constructors = {
  bfloat16: Float32Array,
  float16: Float32Array,
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

const littleEndianHost = /* @__PURE__ */ (() => new Uint8Array(new Uint16Array([1]).buffer)[0] === 1)();

/** Reverses every `size` bytes in place. */
function swapBytes(bytes: Uint8Array, size: number): void {
  for (let i = 0; i < bytes.length; i += size) bytes.subarray(i, i + size).reverse();
}

/** The elements' bytes in little-endian order, a view of `data` where it has them so. */
export function toLittleEndian(dtype: HostDType, elements: HostData): Uint8Array {
  const data = isHalf(dtype) ? encodeHalves(elements, dtype) : elements;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (littleEndianHost || data.BYTES_PER_ELEMENT === 1) return bytes;
  const copy = bytes.slice();
  swapBytes(copy, data.BYTES_PER_ELEMENT);
  return copy;
}

/** Elements read from bytes (copied, so that alignment does not matter and the file's buffer is not kept alive). */
export function fromBytes(bytes: Uint8Array, dtype: HostDType, littleEndian = true): HostData {
  // Not slice(), which does not copy where the bytes are Node's Buffer.
  const copy = new Uint8Array(bytes);
  const size = bytesPerElement(dtype);
  if (littleEndian !== littleEndianHost && size > 1) swapBytes(copy, size);
  if (isHalf(dtype)) return decodeHalves(new Uint16Array(copy.buffer, 0, copy.length / size), dtype);
  return new constructors[dtype](copy.buffer, 0, copy.length / size);
}

/**
 * Throws unless shape, dtype and data belong together. `what` begins the message, as in `encodeNpy` or `encodeSafetensors: tensor "w"`.
 */
export function checkTensor(what: string, { dtype, shape, data }: HostTensor): void {
  if (!Object.hasOwn(constructors, dtype))
    throw new TypeError(`${what}: dtype ${dtype} cannot be stored; use one of ${Object.keys(constructors).join(', ')}`);
  if (!shape.every(n => Number.isSafeInteger(n) && n >= 0))
    throw new RangeError(`${what}: shape [${shape}] must hold whole numbers of at least 0`);
  const Data = constructors[dtype];
  if (!(data instanceof Data)) throw new TypeError(`${what}: dtype ${dtype} needs a ${Data.name}, got ${typeName(data)}`);
  if (data.length !== elementCount(shape))
    throw new RangeError(`${what}: shape [${shape}] has ${elementCount(shape)} elements, data has ${data.length}`);
  if (dtype === 'bool') checkBool(what, data);
}

/** A bool is 0 or 1: any other byte means that the data is something else. */
export function checkBool(what: string, data: HostData): void {
  const i = data.findIndex(byte => byte > 1);
  if (i >= 0) throw new RangeError(`${what}: a bool is 0 or 1, element ${i} is ${data[i]}`);
}

const typeName = (value: unknown) => Object.prototype.toString.call(value).slice(8, -1);
