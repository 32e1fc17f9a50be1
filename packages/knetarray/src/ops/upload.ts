/** From typed arrays on the host to arrays on a device. */
import type { Device } from '../core/device.js';
import { DeviceArray } from '../core/device-array.js';
import { type DType, dtypeOf, isHalf, type TypedArray, typedArray } from '../core/dtype.js';
import { formatShape, type Shape, sizeOf } from '../core/shape.js';

/** Checks that a device has an element type. */
export function supported(device: Device, dtype: DType, caller: string): Device {
  if (!device.backend.supports('map', dtype)) {
    throw new TypeError(`${caller}: the device '${device.name}' has no ${dtype}; use another dtype or device`);
  }
  return device;
}

/**
 * An array of column-major elements that lie on the host.
 * @throws RangeError when their number does not fit the shape; TypeError for a dtype that the device lacks
 */
export function upload(device: Device, dtype: DType, shape: Shape, data: TypedArray): DeviceArray {
  supported(device, dtype, 'array');
  if (sizeOf(shape) !== data.length)
    throw new RangeError(`array: shape ${formatShape(shape)} has ${sizeOf(shape)} elements, the data ${data.length}`);
  const result = DeviceArray.empty(device, dtype, [...shape]);
  if (data.length > 0)
    device.backend.write(result.requireBuffer().storage, 0, dtypeOf(data) === storedAs(dtype) ? data : convert(data, dtype));
  return result;
}

/** The dtype that the host's elements have. */
const storedAs = (dtype: DType): DType => (dtype === 'bool' ? 'uint8' : isHalf(dtype) ? 'float32' : dtype);

/** Elements as a dtype stores them. */
export function convert(data: ArrayLike<number>, dtype: DType): TypedArray {
  const result = typedArray(dtype, data.length);
  if (dtype === 'bool') for (let i = 0; i < data.length; i++) result[i] = data[i] === 0 ? 0 : 1;
  else result.set(data);
  return result;
}
