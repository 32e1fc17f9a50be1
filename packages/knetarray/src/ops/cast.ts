/** Changing the element type or the device; both keep the gradient. */
import { type Primitive, primitive } from '@knet/autograd';
import { KnetArray } from '../array.js';
import { type Device, getDevice } from '../core/device.js';
import { DeviceArray } from '../core/device-array.js';
import { checkDType, type DType, isFloat } from '../core/dtype.js';
import { asDType, contiguous, copyArray } from '../core/lazy.js';
import { read } from './read.js';
import { supported, upload } from './upload.js';

interface Cast {
  readonly dtype: DType;
  readonly from: DType;
}

const castArray: Primitive<(x: KnetArray, options: Cast) => KnetArray> = /* @__PURE__ */ primitive('astype', {
  stateless: true,
  methods: [[[KnetArray], (x: DeviceArray, { dtype }: Cast) => copyArray(x, dtype)]],
  derivatives: [
    ({ options }) => {
      const from = options.from as DType;
      // No gradient flows through whole numbers.
      return isFloat(options.dtype as DType) && isFloat(from) ? dy => astype(dy, from) : () => undefined;
    },
  ],
});

/**
 * The elements as another type. Fractions are cut off for integers; `bool` is 1 where an element is not 0.
 * @throws TypeError when the device lacks the type
 */
export function astype(x: KnetArray, dtype: DType): KnetArray {
  if (x.dtype === checkDType(dtype, 'astype')) return x;
  supported(x.device, dtype, 'astype');
  return castArray(x, { dtype, from: x.dtype });
}

const moveArray: Primitive<(x: KnetArray, options: { to: Device; from: Device }) => KnetArray> = /* @__PURE__ */ primitive('to', {
  methods: [[[KnetArray], (x: DeviceArray, { to: device }: { to: Device; from: Device }) => move(x, device)]],
  derivatives: [
    ({ options }) => {
      const { from, to } = options as unknown as { from: Device; to: Device };
      return dy => moveArray(dy, { to: from, from: to });
    },
  ],
});

/**
 * The array on another device. Needs a device that can block to read from; {@link transfer} awaits instead.
 * @throws Error when the source device cannot block; TypeError when the target lacks the dtype
 */
export function to(x: KnetArray, device: Device | string): KnetArray {
  const target = getDevice(device);
  return target === x.device ? x : moveArray(x, { to: target, from: x.device });
}

/** Copies an array to another device, awaiting the read: for devices that cannot block. Outside of gradients only. */
export async function transfer(x: KnetArray, device: Device | string): Promise<KnetArray> {
  const target = getDevice(device);
  return target === x.device ? x : upload(target, x.dtype, x.shape, await read(x));
}

function move(x: DeviceArray, device: Device): KnetArray {
  const { dtype, shape } = x;
  const constant = x.constantValue;
  if (constant !== undefined) return DeviceArray.constant(supported(device, dtype, 'to'), dtype, shape, asDType(constant, dtype));
  const { backend, name } = x.device;
  if (backend.readSync === undefined) throw new Error(`to: the device '${name}' cannot block; write await transfer(a, '${device.name}')`);
  const source = contiguous(x);
  const data = backend.readSync(source.requireBuffer().storage, dtype, source.offset, source.size);
  return upload(device, dtype, shape, data);
}
