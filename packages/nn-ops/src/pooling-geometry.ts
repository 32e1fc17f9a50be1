/** Checks the arguments of pooling, works out sizes, and lists what each window covers. */
import { type Device, type DType, formatShape, isFloat, type KnetArray, type PoolingGeometry, reshape, typedArray } from '@knet/knetarray';
import { GeometryMemory, putOption } from './geometry-memory.js';
import { type PerDimension, perDimension, product, table, unravel } from './spatial.js';

/** `mode` of {@link pool}: the largest real element of the window. */
export const MAX = 0;
/** `mode` of {@link pool}: the sum divided by the number of positions in the window, padding included. */
export const AVERAGE_INCLUDE_PADDING = 1;
/** `mode` of {@link pool}: the sum divided by the number of real elements in the window. */
export const AVERAGE_EXCLUDE_PADDING = 2;

/** Options of {@link pool} and {@link unpool}; lists have one number per spatial dimension. */
export interface PoolingOptions {
  /** Size of the window. Default 2. */
  window?: PerDimension;
  /** Positions added on both sides of each spatial dimension; less than the window. Default 0. */
  padding?: PerDimension;
  /** Step of the window. Default the window. */
  stride?: PerDimension;
  /** {@link MAX} (default), {@link AVERAGE_INCLUDE_PADDING} or {@link AVERAGE_EXCLUDE_PADDING}. */
  mode?: number;
  /** The result is multiplied by it ({@link unpool}: divided). Default 1. */
  alpha?: number;
}

/** A pooling whose options have been checked. */
export interface Pooling {
  readonly mode: number;
  readonly alpha: number;
  readonly geometry: PoolingGeometry;
}

const poolings = /* @__PURE__ */ new GeometryMemory<Pooling>();
const unpoolings = /* @__PURE__ */ new GeometryMemory<Pooling>();

/** What `pool(x)` does; the same object for the same sizes. @throws RangeError where x and the options do not fit */
export function poolingOf(x: KnetArray, options: PoolingOptions): Pooling {
  return poolings.get(keyOfCall(x, options), () => {
    const checked = checkedPooling(x, options, 'pool');
    return { mode: checked.mode, alpha: checked.alpha, geometry: poolingGeometry(x, checked) };
  });
}

/** What `unpool(x)` undoes; the same object for the same sizes. @throws RangeError where x and the options do not fit */
export function unpoolingOf(x: KnetArray, options: PoolingOptions): Pooling {
  return unpoolings.get(keyOfCall(x, options), () => {
    const checked = checkedPooling(x, options, 'unpool');
    return { mode: checked.mode, alpha: checked.alpha, geometry: unpoolingGeometry(x, checked) };
  });
}

function keyOfCall(x: KnetArray, options: PoolingOptions): readonly number[] {
  const { mode = MAX, alpha = 1, window = 2, padding = 0 } = options;
  const key = [...x.shape, mode, alpha];
  putOption(key, window);
  putOption(key, padding);
  putOption(key, options.stride ?? window);
  return key;
}

/** Options of pooling, complete. */
interface CheckedPooling {
  readonly window: readonly number[];
  readonly padding: readonly number[];
  readonly stride: readonly number[];
  readonly mode: number;
  readonly alpha: number;
  /** Spatial lengths of the array. */
  readonly spatial: readonly number[];
  /** Channels times instances. */
  readonly planes: number;
}

/** Checks everything that `pool` and `unpool` have in common. */
function checkedPooling(x: KnetArray, options: PoolingOptions, caller: string): CheckedPooling {
  if (x.ndim < 3 || x.ndim > 5) {
    throw new RangeError(
      `${caller}: expected x [X.., channels, batch] with 1, 2 or 3 spatial dimensions, not shape ${formatShape(x.shape)}`,
    );
  }
  const rank = x.ndim - 2;
  const { mode = MAX, alpha = 1 } = options;
  if (mode !== MAX && mode !== AVERAGE_INCLUDE_PADDING && mode !== AVERAGE_EXCLUDE_PADDING) {
    throw new RangeError(`${caller}: mode must be MAX (0), AVERAGE_INCLUDE_PADDING (1) or AVERAGE_EXCLUDE_PADDING (2), not ${mode}`);
  }
  const window = perDimension(options.window ?? 2, rank, 1, 'window', caller);
  const padding = perDimension(options.padding ?? 0, rank, 0, 'padding', caller);
  const stride = perDimension(options.stride ?? window, rank, 1, 'stride', caller);
  if (padding.some((p, d) => p >= window[d]!)) {
    throw new RangeError(
      `${caller}: padding [${padding.join(', ')}] must be less than the window [${window.join(', ')}]: windows of padding alone have no value`,
    );
  }
  const spatial = x.shape.slice(0, rank);
  if (spatial.includes(0)) throw new RangeError(`${caller}: x of shape ${formatShape(x.shape)} has an empty spatial dimension`);
  return { window, padding, stride, mode, alpha, spatial, planes: product(x.shape.slice(rank)) };
}

/** Geometry of `pool(x)`. */
function poolingGeometry(x: KnetArray, o: CheckedPooling): PoolingGeometry {
  const y = o.spatial.map((n, d) => 1 + Math.trunc((n + 2 * o.padding[d]! - o.window[d]!) / o.stride[d]!));
  if (y.some(n => n < 1)) {
    throw new RangeError(
      `pool: a window [${o.window.join(', ')}] with padding [${o.padding.join(', ')}] does not fit into x of shape ${formatShape(x.shape)}; use a smaller window`,
    );
  }
  return { x: o.spatial, y, window: o.window, padding: o.padding, stride: o.stride, planes: o.planes };
}

/** Geometry of the pooling that `unpool(x)` undoes. */
function unpoolingGeometry(x: KnetArray, o: CheckedPooling): PoolingGeometry {
  const result = o.spatial.map((n, d) => (n - 1) * o.stride[d]! + o.window[d]! - 2 * o.padding[d]!);
  if (result.some(n => n < 1)) {
    throw new RangeError(
      `unpool: x of shape ${formatShape(x.shape)} with window [${o.window.join(', ')}] and padding [${o.padding.join(', ')}] gives the empty size ${formatShape(result)}; use less padding`,
    );
  }
  return { x: result, y: o.spatial, window: o.window, padding: o.padding, stride: o.stride, planes: o.planes };
}

function keyOf(g: PoolingGeometry): string {
  return [g.x, g.y, g.window, g.padding, g.stride].join(' ');
}

/**
 * What windows cover, as spatial positions in x: entry k + window size * i is the k-th element of window i. Real elements come
 * first, in order; the entries left over are -1.
 */
export function windowTable(device: Device, g: PoolingGeometry): KnetArray {
  return table(device, `windows ${keyOf(g)}`, () => windowList(g));
}

/** 1 for entries of {@link windowTable} that are elements of x, 0 for the others; `[window size, windows]`. */
export function realTable(device: Device, dtype: DType, g: PoolingGeometry): KnetArray {
  const real = table(device, `real ${dtype} ${keyOf(g)}`, () => {
    const list = windowList(g);
    return typedArray(dtype, list.length).map((_: number, i: number) => (list[i]! < 0 ? 0 : 1));
  });
  return reshape(real, [product(g.window), product(g.y)]);
}

function windowList(g: PoolingGeometry): Int32Array {
  const size = product(g.window);
  const result = new Int32Array(size * product(g.y)).fill(-1);
  for (let i = 0; i < product(g.y); i++) {
    const { low, real } = cover(g, i);
    for (let k = 0; k < product(real); k++) {
      let position = 0;
      let step = 1;
      unravel(k, real).forEach((p, d) => {
        position += (low[d]! + p) * step;
        step *= g.x[d]!;
      });
      result[i * size + k] = position;
    }
  }
  return result;
}

/** How the elements of windows are weighted: averages as in {@link pool}, copies or what undoes an average as in {@link unpool}. */
export type Weighting = 'includePadding' | 'excludePadding' | 'copy' | 'undoIncludePadding';

/** One weight per window. */
export function weightTable(device: Device, like: DType, g: PoolingGeometry, weighting: Weighting): KnetArray {
  const dtype = isFloat(like) ? like : 'float32';
  return table(device, `${weighting} ${dtype} ${keyOf(g)}`, () => {
    const weights = typedArray(dtype, product(g.y));
    for (let i = 0; i < weights.length; i++) {
      const { real, padded } = cover(g, i);
      if (weighting === 'copy') weights[i] = 1;
      else if (weighting === 'undoIncludePadding') weights[i] = padded / product(real);
      else weights[i] = 1 / (weighting === 'includePadding' ? padded : product(real));
    }
    return weights;
  });
}

/** The real elements of window i - from `low`, `real` of them per dimension - and its number of positions, padding included. */
function cover(g: PoolingGeometry, i: number): { low: number[]; real: number[]; padded: number } {
  const start = unravel(i, g.y).map((p, d) => p * g.stride[d]! - g.padding[d]!);
  const low = start.map(s => Math.max(s, 0));
  const real = start.map((s, d) => Math.max(0, Math.min(s + g.window[d]!, g.x[d]!) - low[d]!));
  const padded = start.map((s, d) => Math.min(s + g.window[d]!, g.x[d]! + g.padding[d]!) - s);
  return { low, real, padded: product(padded) };
}
