/** Random arrays. Counter-based: a seed gives the same numbers on every device. */
import type { KnetArray } from '../array.js';
import type { Distribution } from '../backend.js';
import { getDevice } from '../core/device.js';
import { DeviceArray } from '../core/device-array.js';
import { isFloat, isHalf } from '../core/dtype.js';
import { checkShape, type Shape } from '../core/shape.js';
import { fillNormal, fillUniform, type PhiloxKey } from '../random/philox.js';
import type { ArrayOptions } from './create.js';
import { supported } from './upload.js';

let seedValue = 1;
let calls = 0;

/** Options of the random functions. */
export interface RandomOptions extends ArrayOptions {
  /** A seed for this call alone; otherwise each call continues the sequence of {@link seed}. */
  seed?: number;
}

/**
 * Starts the sequence of random numbers anew. The same seed gives the same numbers on every device.
 *
 * @example
 * seed(42);
 * const w = randn([10, 784]);
 */
export function seed(n: number): void {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`seed: expected a whole number of 0 or more, not ${n}`);
  seedValue = n;
  calls = 0;
}

/**
 * The key of the next random call in the sequence of {@link seed}, for random choices made on the host with `fillBits` and the
 * like: each call takes one from the sequence.
 */
export function nextRandomKey(): PhiloxKey {
  return [seedValue >>> 0, calls++ >>> 0];
}

/**
 * Uniform numbers in [0, 1). The same bits on every device for the same {@link seed}.
 * @throws TypeError for a dtype that holds no fractions, or that the device lacks
 *
 * @example
 * rand([10, 784]).mul(0.2).sub(0.1); // in [-0.1, 0.1)
 */
export function rand(shape: Shape, options: RandomOptions = {}): KnetArray {
  return fill('uniform', shape, options, 'rand');
}

/**
 * Normal numbers with mean 0 and standard deviation 1. The same bits on every device for the same {@link seed}.
 * @throws TypeError for a dtype that holds no fractions, or that the device lacks
 */
export function randn(shape: Shape, options: RandomOptions = {}): KnetArray {
  return fill('normal', shape, options, 'randn');
}

function fill(
  distribution: Distribution,
  shape: Shape,
  { dtype = 'float32', device, seed: own }: RandomOptions,
  caller: string,
): KnetArray {
  const d = supported(getDevice(device), dtype, caller);
  if (!isFloat(dtype)) throw new TypeError(`${caller}: expected a float dtype, not ${dtype}`);
  const result = DeviceArray.empty(d, dtype, [...checkShape(shape, caller)]);
  // One key per call: the seed, and how many calls came before. Seeds of single calls have the highest counter for themselves.
  const key = own === undefined ? nextRandomKey() : ([own >>> 0, 0xffffffff] as const);
  if (result.size === 0) return result;
  if (d.backend.random !== undefined && d.backend.supports('random', dtype)) d.backend.random(distribution, key, result.view());
  else {
    const data = dtype === 'float64' ? new Float64Array(result.size) : new Float32Array(result.size);
    if (distribution === 'normal') fillNormal(key, data);
    else fillUniform(key, data);
    if (distribution === 'uniform' && isHalf(dtype)) {
      // Rounding must not make 1 of them.
      const most = dtype === 'float16' ? 1 - 2 ** -11 : 1 - 2 ** -8;
      for (let i = 0; i < data.length; i++) data[i] = Math.min(data[i]!, most);
    }
    d.backend.write(result.requireBuffer().storage, 0, data);
  }
  return result;
}
