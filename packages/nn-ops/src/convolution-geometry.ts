/** Checks the arguments of convolutions and works out their sizes. */
import { type ConvolutionGeometry, formatShape, isFloat, type KnetArray } from '@knet/knetarray';
import { GeometryMemory, putOption } from './geometry-memory.js';
import { type PerDimension, perDimension } from './spatial.js';

/** `mode` of {@link conv4}: convolution, where the filter is flipped in every spatial dimension. */
export const CONVOLUTION = 0;
/** `mode` of {@link conv4}: cross-correlation, where the filter is used as it is. */
export const CROSS_CORRELATION = 1;

/** Options of {@link conv4} and {@link deconv4}; lists have one number per spatial dimension. */
export interface ConvolutionOptions {
  /** Zeros added on both sides of each spatial dimension. Default 0. */
  padding?: PerDimension;
  /** Step of the filter. Default 1. */
  stride?: PerDimension;
  /** Distance between the filter's elements. Default 1. */
  dilation?: PerDimension;
  /** {@link CONVOLUTION} (default) or {@link CROSS_CORRELATION}. */
  mode?: number;
  /** The result is multiplied by it. Default 1. */
  alpha?: number;
  /** Number of groups that channels are split into; each group of outputs sees its own inputs. Default 1. */
  group?: number;
}

const convolutions = /* @__PURE__ */ new GeometryMemory<ConvolutionGeometry>();
const deconvolutions = /* @__PURE__ */ new GeometryMemory<ConvolutionGeometry>();

/** Geometry of `conv4(w, x)`; the same object for the same sizes. @throws RangeError or TypeError where the arguments do not fit */
export function convolutionGeometry(w: KnetArray, x: KnetArray, options: ConvolutionOptions): ConvolutionGeometry {
  checkArrays(w, x, 'conv4');
  return convolutions.get(keyOf(w, x, options), () => newConvolution(w, x, options));
}

/** Geometry of the convolution whose gradient with respect to its input `deconv4(w, x)` is; the same object for the same sizes. */
export function deconvolutionGeometry(w: KnetArray, x: KnetArray, options: ConvolutionOptions): ConvolutionGeometry {
  checkArrays(w, x, 'deconv4');
  return deconvolutions.get(keyOf(w, x, options), () => newDeconvolution(w, x, options));
}

/** All numbers that a geometry is made from. */
function keyOf(w: KnetArray, x: KnetArray, options: ConvolutionOptions): readonly number[] {
  const { padding = 0, stride = 1, dilation = 1, mode = CONVOLUTION, alpha = 1, group = 1 } = options;
  const key = [...w.shape, ...x.shape, mode, alpha, group];
  putOption(key, padding);
  putOption(key, stride);
  putOption(key, dilation);
  return key;
}

function newConvolution(w: KnetArray, x: KnetArray, options: ConvolutionOptions): ConvolutionGeometry {
  const caller = 'conv4';
  const common = commonGeometry(x, options, caller);
  const { rank, group, padding, stride, dilation } = common;
  const [inputs, outputs] = [x.shape[rank]!, w.shape[rank + 1]!];
  if (w.shape[rank]! * group !== inputs) {
    const groups = group === 1 ? '' : ` in ${group} groups`;
    throw new RangeError(
      `${caller}: the filter of shape ${formatShape(w.shape)} takes ${w.shape[rank]! * group} channels${groups}, x of shape ${formatShape(x.shape)} has ${inputs}`,
    );
  }
  if (outputs % group !== 0) throw new RangeError(`${caller}: ${outputs} output channels cannot be split into ${group} groups`);
  const [ws, xs] = [w.shape.slice(0, rank), x.shape.slice(0, rank)];
  const y = xs.map((n, d) => 1 + Math.floor((n + 2 * padding[d]! - extent(ws[d]!, dilation[d]!)) / stride[d]!));
  if (y.some(n => n < 1) || ws.includes(0)) {
    throw new RangeError(
      `${caller}: the filter of shape ${formatShape(w.shape)} with dilation [${dilation.join(', ')}] does not fit into x of shape ${formatShape(x.shape)} with padding [${padding.join(', ')}]; use more padding or a smaller filter`,
    );
  }
  return { ...common.shared, x: xs, w: ws, y, inputs, outputs, batch: x.shape[rank + 1]! };
}

function newDeconvolution(w: KnetArray, x: KnetArray, options: ConvolutionOptions): ConvolutionGeometry {
  const caller = 'deconv4';
  const common = commonGeometry(x, options, caller);
  const { rank, group, padding, stride, dilation } = common;
  const outputs = w.shape[rank + 1]!;
  if (x.shape[rank] !== outputs) {
    throw new RangeError(
      `${caller}: the filter of shape ${formatShape(w.shape)} takes ${outputs} channels (its last length), x of shape ${formatShape(x.shape)} has ${x.shape[rank]}`,
    );
  }
  if (outputs % group !== 0) throw new RangeError(`${caller}: ${outputs} channels cannot be split into ${group} groups`);
  const [ws, y] = [w.shape.slice(0, rank), x.shape.slice(0, rank)];
  const xs = y.map((n, d) => (n - 1) * stride[d]! + extent(ws[d]!, dilation[d]!) - 2 * padding[d]!);
  if (xs.some(n => n < 1) || ws.includes(0) || y.includes(0)) {
    throw new RangeError(
      `${caller}: x of shape ${formatShape(x.shape)} and the filter of shape ${formatShape(w.shape)} give the empty size ${formatShape(xs)} with padding [${padding.join(', ')}]; use less padding`,
    );
  }
  return { ...common.shared, x: xs, w: ws, y, inputs: w.shape[rank]! * group, outputs, batch: x.shape[rank + 1]! };
}

/** Positions that a filter spans. */
function extent(length: number, dilation: number): number {
  return (length - 1) * dilation + 1;
}

/** Checks that do not depend on sizes. */
function checkArrays(w: KnetArray, x: KnetArray, caller: string): void {
  if (w.ndim !== x.ndim || x.ndim < 3 || x.ndim > 5) {
    throw new RangeError(
      `${caller}: expected w [W.., in, out] and x [X.., channels, batch] with 1, 2 or 3 spatial dimensions, not shapes ${formatShape(w.shape)} and ${formatShape(x.shape)}`,
    );
  }
  if (w.device !== x.device) {
    throw new Error(`${caller}: w is on '${w.device.name}', x on '${x.device.name}'. Move one with x.to('${w.device.name}').`);
  }
  for (const a of [w, x]) {
    if (!isFloat(a.dtype)) throw new TypeError(`${caller}: expected float arrays, not ${a.dtype}; convert with astype('float32')`);
  }
}

function commonGeometry(x: KnetArray, options: ConvolutionOptions, caller: string) {
  const rank = x.ndim - 2;
  const { mode = CONVOLUTION, alpha = 1, group = 1 } = options;
  if (mode !== CONVOLUTION && mode !== CROSS_CORRELATION) {
    throw new RangeError(`${caller}: mode must be CONVOLUTION (0) or CROSS_CORRELATION (1), not ${mode}`);
  }
  if (!Number.isInteger(group) || group < 1) throw new RangeError(`${caller}: group must be a whole number of 1 or more, not ${group}`);
  const padding = perDimension(options.padding ?? 0, rank, 0, 'padding', caller);
  const stride = perDimension(options.stride ?? 1, rank, 1, 'stride', caller);
  const dilation = perDimension(options.dilation ?? 1, rank, 1, 'dilation', caller);
  return { rank, group, padding, stride, dilation, shared: { padding, stride, dilation, group, alpha, flip: mode === CONVOLUTION } };
}
