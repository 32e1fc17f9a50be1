/**
 * N-dimensional arrays that fuse elementwise work into programs, differentiate to any order and run on any backend.
 *
 * @packageDocumentation
 */

export * from '@knet/autograd';
export * from '@knet/autograd/gradcheck';
export * from '@knet/autograd/special';
export { KnetArray } from './array.js';
export type * from './backend.js';
export { Device, getDevice, isImmediate, memory, setDevice, setImmediateMode, useBackend } from './core/device.js';
export { DeviceArray } from './core/device-array.js';
export {
  bytesPerElement,
  checkDType,
  type DType,
  dtypeOf,
  dtypes,
  type HalfDType,
  isFloat,
  isHalf,
  promote,
  type TypedArray,
  typedArray,
} from './core/dtype.js';
export { decodeHalves, encodeHalves, roundToHalf } from './core/half.js';
export { computeInto, contiguous, viewOf } from './core/lazy.js';
export { DeviceLostError, type MemoryReport } from './core/memory.js';
export { repeatGradients, repeatGradientsByDefault } from './core/repeat.js';
export {
  broadcastShapes,
  broadcastStrides,
  collapse,
  contiguousStrides,
  formatShape,
  isContiguous,
  normalizeDim,
  normalizeDims,
  type Shape,
  sameShape,
  sizeOf,
} from './core/shape.js';
export { inTurns, turn, withTurns } from './core/turn.js';
export { decodeNpy, encodeNpy } from './io/npy.js';
export { decodeSafetensors, encodeSafetensors } from './io/safetensors.js';
export type { ArrayMethods } from './methods.js';
export { astype, to, transfer } from './ops/cast.js';
export { type ArrayData, type ArrayOptions, arange, array, copy, eye, full, linspace, ones, similar, zeros } from './ops/create.js';
export { canDescend, Descent, descend } from './ops/descend.js';
export { dispose } from './ops/dispose.js';
export { expand } from './ops/expand.js';
export { gather, scatterAdd } from './ops/gather.js';
export { cat, flip, hcat, pad, repeat, split, stack, vcat } from './ops/join.js';
export { axpy, bmm, dot, gradientProduct, matmul, outer } from './ops/linear.js';
export { nextRandomKey, type RandomOptions, rand, randn, seed } from './ops/random.js';
export type { NestedNumbers } from './ops/read.js';
export {
  all,
  any,
  argmax,
  argmin,
  countnz,
  type DimsOptions,
  maxabs,
  maximum,
  minabs,
  minimum,
  prod,
  type Reduction,
  sum,
  sumabs,
  sumabs2,
  sumTo,
} from './ops/reduce.js';
export { cumsum } from './ops/scan.js';
export { mat, permute, reshape, t, transpose, vec } from './ops/shape.js';
export { embed, get, type Selector, Span, set, slice, span } from './ops/slice.js';
export { logsumexp, mean, norm, std, type VarianceOptions, variance } from './ops/statistics.js';
export { type Assignment, assign } from './ops/write.js';
export { formatArray } from './print.js';
export {
  binaryOps,
  copyProgram,
  type Instruction,
  identityProgram,
  type OpName,
  opNames,
  type Program,
  ternaryOps,
  unaryOps,
} from './program.js';
export * from './random/philox.js';
