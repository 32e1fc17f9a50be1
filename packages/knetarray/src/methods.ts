/** Methods of arrays and of their boxes: each is the generic function of its name, so that model code reads from left to right. */
import { abs, abs2, add, div, exp, log, max, min, mul, neg, pow, sqrt, sub } from '@knet/autograd';
import { KnetArray } from './array.js';
import type { Device } from './core/device.js';
import type { DType, TypedArray } from './core/dtype.js';
import { astype, to } from './ops/cast.js';
import { dispose } from './ops/dispose.js';
import { bmm, dot, matmul } from './ops/linear.js';
import { type NestedNumbers, nest, onlyElement, read, readSync } from './ops/read.js';
import { all, any, argmax, argmin, type DimsOptions, maximum, minimum, prod, sum } from './ops/reduce.js';
import { cumsum } from './ops/scan.js';
import { permute, reshape, transpose, vec } from './ops/shape.js';
import { show } from './ops/show.js';
import { get, type Selector, set, slice } from './ops/slice.js';
import { mean, norm, std, type VarianceOptions, variance } from './ops/statistics.js';

/** The methods of arrays and of their boxes. Each is the function of its name with the array as first argument. */
export interface ArrayMethods {
  /** Sum, element by element, broadcast: see `add`. */
  add(b: KnetArray | number): KnetArray;
  /** Difference, broadcast: see `sub`. */
  sub(b: KnetArray | number): KnetArray;
  /** Product element by element, broadcast: see `mul`; for matrices {@link matmul}. */
  mul(b: KnetArray | number): KnetArray;
  /** Quotient, broadcast: see `div`. */
  div(b: KnetArray | number): KnetArray;
  /** Power, broadcast: see `pow`. */
  pow(b: KnetArray | number): KnetArray;
  /** Larger of two elements, broadcast: see `max`; over the array {@link maximum}. */
  max(b: KnetArray | number): KnetArray;
  /** Smaller of two elements, broadcast: see `min`; over the array {@link minimum}. */
  min(b: KnetArray | number): KnetArray;
  /** -x. */
  neg(): KnetArray;
  /** Absolute values. */
  abs(): KnetArray;
  /** Squares. */
  abs2(): KnetArray;
  /** Square roots; NaN for negative elements. */
  sqrt(): KnetArray;
  /** e ** x. */
  exp(): KnetArray;
  /** Natural logarithms; NaN for negative elements. */
  log(): KnetArray;
  /** Matrix product of `[m, k]` and `[k, n]`: see `matmul`. */
  matmul(b: KnetArray): KnetArray;
  /** Matrix products of batches, `[m, k, ...batch]` and `[k, n, ...batch]`: see `bmm`. */
  bmm(b: KnetArray): KnetArray;
  /** Sum of products, a 0-d array: see `dot`. */
  dot(b: KnetArray): KnetArray;
  /** Sum over everything (0-d) or over `dims`, which keep length 1. */
  sum(options?: DimsOptions): KnetArray;
  /** Product over everything or over `dims`. */
  prod(options?: DimsOptions): KnetArray;
  /** Largest element of everything or over `dims`. */
  maximum(options?: DimsOptions): KnetArray;
  /** Smallest element of everything or over `dims`. */
  minimum(options?: DimsOptions): KnetArray;
  /** Mean of everything or over `dims`. */
  mean(options?: DimsOptions): KnetArray;
  /** Variance (with n - 1) of everything or over `dims`: see `variance`. */
  var(options?: VarianceOptions): KnetArray;
  /** Standard deviation (with n - 1) of everything or over `dims`. */
  std(options?: VarianceOptions): KnetArray;
  /** p-norm, by default the square root of the sum of squares: see `norm`. */
  norm(p?: number, options?: DimsOptions): KnetArray;
  /** Position (int32) of the first largest element, along `dims` or column-major over everything. */
  argmax(options?: { dims?: number }): KnetArray;
  /** Position (int32) of the first smallest element, along `dims` or column-major over everything. */
  argmin(options?: { dims?: number }): KnetArray;
  /** 1 where any element is not 0, over everything or over `dims`. */
  any(options?: DimsOptions): KnetArray;
  /** 1 where every element is not 0, over everything or over `dims`. */
  all(options?: DimsOptions): KnetArray;
  /** Cumulative sums along `dims` (default 0). */
  cumsum(options?: { dims?: number }): KnetArray;
  /** The same elements in another shape, one length may be -1: `a.reshape(28, 28, 1, -1)`. A view where they lie in one run. */
  reshape(...shape: number[]): KnetArray;
  /** All elements as a vector. */
  vec(): KnetArray;
  /** Transposed matrix, a view; a vector becomes a row. */
  transpose(): KnetArray;
  /** Short name of {@link transpose}. */
  t(): KnetArray;
  /** Reorders dimensions, a view: dimension d of the result is dimension `order[d]`. */
  permute(...order: number[]): KnetArray;
  /** Part of the array, one selector per dimension: `a.slice(':', span(3, 5))`. Contiguous parts are views. See `slice`. */
  slice(...selectors: Selector[]): KnetArray;
  /** One element as a 0-d array: `await a.get(1, 2).item()`. */
  get(...indices: number[]): KnetArray;
  /** Writes in place: `a.set([':', 0], 1)`. Throws on an array that is being differentiated. */
  set(selectors: Selector | readonly Selector[], value: number | KnetArray): void;
  /** The elements as another type; keeps the gradient. */
  astype(dtype: DType): KnetArray;
  /** The array on another device; keeps the gradient. */
  to(device: Device | string): KnetArray;
  /** A snapshot of the elements, column-major. */
  data(): Promise<TypedArray>;
  /** The one element of the array. */
  item(): Promise<number>;
  /** The elements as nested rows. */
  toArray(): Promise<NestedNumbers>;
  /** {@link data}, blocking; throws where the device cannot block. */
  dataSync(): TypedArray;
  /** {@link item}, blocking; throws where the device cannot block. */
  itemSync(): number;
  /** {@link toArray}, blocking; throws where the device cannot block. */
  toArraySync(): NestedNumbers;
  /** Gives the memory back at once. Never needed; using the array afterwards is an error. */
  dispose(): void;
  /** {@link dispose}, for `using a = ...`. */
  [Symbol.dispose](): void;
  /** The elements as Julia prints them; where the device cannot block, shape, dtype and device. */
  toString(): string;
}

/** Base of arrays and boxes: {@link KnetArray} with its methods. Apart from it, because the functions dispatch on KnetArray. */
export abstract class ArrayWithMethods extends KnetArray {
  override add(b: KnetArray | number): KnetArray {
    return add<KnetArray>(this, b);
  }
  override sub(b: KnetArray | number): KnetArray {
    return sub<KnetArray>(this, b);
  }
  override mul(b: KnetArray | number): KnetArray {
    return mul<KnetArray>(this, b);
  }
  override div(b: KnetArray | number): KnetArray {
    return div<KnetArray>(this, b);
  }
  override pow(b: KnetArray | number): KnetArray {
    return pow<KnetArray>(this, b);
  }
  override max(b: KnetArray | number): KnetArray {
    return max<KnetArray>(this, b);
  }
  override min(b: KnetArray | number): KnetArray {
    return min<KnetArray>(this, b);
  }
  override neg(): KnetArray {
    return neg<KnetArray>(this);
  }
  override abs(): KnetArray {
    return abs<KnetArray>(this);
  }
  override abs2(): KnetArray {
    return abs2<KnetArray>(this);
  }
  override sqrt(): KnetArray {
    return sqrt<KnetArray>(this);
  }
  override exp(): KnetArray {
    return exp<KnetArray>(this);
  }
  override log(): KnetArray {
    return log<KnetArray>(this);
  }
  override matmul(b: KnetArray): KnetArray {
    return matmul(this, b);
  }
  override bmm(b: KnetArray): KnetArray {
    return bmm(this, b);
  }
  override dot(b: KnetArray): KnetArray {
    return dot(this, b);
  }
  override sum(options?: DimsOptions): KnetArray {
    return sum(this, options);
  }
  override prod(options?: DimsOptions): KnetArray {
    return prod(this, options);
  }
  override maximum(options?: DimsOptions): KnetArray {
    return maximum(this, options);
  }
  override minimum(options?: DimsOptions): KnetArray {
    return minimum(this, options);
  }
  override mean(options?: DimsOptions): KnetArray {
    return mean(this, options);
  }
  override any(options?: DimsOptions): KnetArray {
    return any(this, options);
  }
  override all(options?: DimsOptions): KnetArray {
    return all(this, options);
  }
  override var(options?: VarianceOptions): KnetArray {
    return variance(this, options);
  }
  override std(options?: VarianceOptions): KnetArray {
    return std(this, options);
  }
  override norm(p?: number, options?: DimsOptions): KnetArray {
    return norm(this, p, options);
  }
  override argmax(options?: { dims?: number }): KnetArray {
    return argmax(this, options);
  }
  override argmin(options?: { dims?: number }): KnetArray {
    return argmin(this, options);
  }
  override cumsum(options?: { dims?: number }): KnetArray {
    return cumsum(this, options);
  }
  override reshape(...shape: number[]): KnetArray {
    return reshape(this, shape);
  }
  override vec(): KnetArray {
    return vec(this);
  }
  override transpose(): KnetArray {
    return transpose(this);
  }
  override t(): KnetArray {
    return transpose(this);
  }
  override permute(...order: number[]): KnetArray {
    return permute(this, order);
  }
  override slice(...selectors: Selector[]): KnetArray {
    return slice(this, ...selectors);
  }
  override get(...indices: number[]): KnetArray {
    return get(this, ...indices);
  }
  override set(selectors: Selector | readonly Selector[], value: number | KnetArray): void {
    set(this, selectors, value);
  }
  override astype(dtype: DType): KnetArray {
    return astype(this, dtype);
  }
  override to(device: Device | string): KnetArray {
    return to(this, device);
  }
  override data(): Promise<TypedArray> {
    return read(this);
  }
  override async item(): Promise<number> {
    return onlyElement(await read(this), this.shape, 'item');
  }
  override async toArray(): Promise<NestedNumbers> {
    return nest(await read(this), this.shape);
  }
  override dataSync(): TypedArray {
    return readSync(this);
  }
  override itemSync(): number {
    return onlyElement(readSync(this, 'itemSync'), this.shape, 'itemSync');
  }
  override toArraySync(): NestedNumbers {
    return nest(readSync(this, 'toArraySync'), this.shape);
  }
  override dispose(): void {
    dispose(this);
  }
  override [Symbol.dispose](): void {
    dispose(this);
  }
  override toString(): string {
    return show(this);
  }
  /** What `console.log` of Node shows. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return show(this);
  }
}
