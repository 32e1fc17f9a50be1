/** Elementwise functions on arrays: each becomes one operation of a pending program. */
import type { Value } from '@knet/autograd';
import type { KnetArray } from '../array.js';
import { DeviceArray, type Operand } from '../core/device-array.js';
import { type DType, isFloat, promote } from '../core/dtype.js';
import { asDType, copyArray, defer } from '../core/lazy.js';
import { broadcastShapes, type Shape } from '../core/shape.js';
import { opCode, opNames } from '../program.js';
import { foldConstants } from './fold.js';

/** Operations that keep whole numbers whole; the others compute on float32 at least. */
const integral: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'copy',
  'neg',
  'abs',
  'abs2',
  'sign',
  'add',
  'sub',
  'mul',
  'max',
  'min',
  'eq',
  'ne',
  'gt',
  'ge',
  'lt',
  'le',
  'where',
  'floor',
  'ceil',
  'round',
  'trunc',
]);

/** Runs an elementwise function by name; the array side of autograd's generic functions. */
export function runElementwise(name: string, args: readonly unknown[]): Value {
  const op = opCode(name);
  if (op === undefined) throw new TypeError(`${name}: no elementwise operation of this name for arrays; give it a method for KnetArray`);
  const first = firstArray(name, args);
  const { device } = first;
  let dtype: DType = first.dtype;
  let shape: Shape = first.shape;
  for (let i = 0; i < args.length; i++) {
    const x = args[i];
    if (x === first || typeof x === 'number') continue;
    if (!(x instanceof DeviceArray)) throw new TypeError(`${name}: argument ${i} must be a number or a KnetArray`);
    if (x.device !== device) throw differentDevices(name, first, x);
    if (x.dtype !== dtype) dtype = promote(dtype, x.dtype);
    shape = broadcastShapes(shape, x.shape, name);
  }
  if (!isFloat(dtype)) dtype = integerResult(name, dtype, args);
  const inputs: Operand[] = new Array(args.length);
  let constant = true;
  for (let i = 0; i < args.length; i++) {
    const x = args[i];
    if (typeof x === 'number') inputs[i] = asDType(x, dtype);
    else if (x instanceof DeviceArray) {
      inputs[i] = x.dtype === dtype ? x : copyArray(x, dtype);
      constant &&= x.constantValue !== undefined;
    }
  }
  const folded = constant ? foldConstants(opNames[op]!, inputs, dtype) : undefined;
  if (folded !== undefined) return DeviceArray.constant(device, dtype, shape, folded);
  return defer(op, device, dtype, shape, inputs);
}

/** The error of operands on two devices. */
export function differentDevices(name: string, a: KnetArray, b: KnetArray): Error {
  return new Error(
    `${name}: operands are on two devices, '${a.device.name}' and '${b.device.name}'. Move one with x.to('${a.device.name}').`,
  );
}

function firstArray(name: string, args: readonly unknown[]): DeviceArray {
  for (const x of args) if (x instanceof DeviceArray) return x;
  throw new TypeError(`${name}: expected at least one KnetArray`);
}

function integerResult(name: string, dtype: DType, args: readonly unknown[]): DType {
  const beyond = args.some(x => typeof x === 'number' && (x | 0) !== x);
  if (!integral.has(name) || beyond) return 'float32';
  // Bytes do not hold sums and negative numbers: their arithmetic is done on int32.
  const arithmetic = name === 'neg' || name === 'add' || name === 'sub' || name === 'mul' || name === 'abs2';
  if (arithmetic) return 'int32';
  // A number that the type cannot hold must not become another one: 2 is no truth value, 300 no byte.
  const highest = dtype === 'bool' ? 1 : 255;
  return dtype !== 'int32' && args.some(x => typeof x === 'number' && (x < 0 || x > highest)) ? 'int32' : dtype;
}
