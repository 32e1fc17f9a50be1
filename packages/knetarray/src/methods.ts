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

/** The methods. See the function of the same name for what each does. */
export interface ArrayMethods {
  add(b: KnetArray | number): KnetArray;
  sub(b: KnetArray | number): KnetArray;
  mul(b: KnetArray | number): KnetArray;
  div(b: KnetArray | number): KnetArray;
  pow(b: KnetArray | number): KnetArray;
  max(b: KnetArray | number): KnetArray;
  min(b: KnetArray | number): KnetArray;
  neg(): KnetArray;
  abs(): KnetArray;
  abs2(): KnetArray;
  sqrt(): KnetArray;
  exp(): KnetArray;
  log(): KnetArray;
  matmul(b: KnetArray): KnetArray;
  bmm(b: KnetArray): KnetArray;
  dot(b: KnetArray): KnetArray;
  sum(options?: DimsOptions): KnetArray;
  prod(options?: DimsOptions): KnetArray;
  maximum(options?: DimsOptions): KnetArray;
  minimum(options?: DimsOptions): KnetArray;
  mean(options?: DimsOptions): KnetArray;
  var(options?: VarianceOptions): KnetArray;
  std(options?: VarianceOptions): KnetArray;
  norm(p?: number, options?: DimsOptions): KnetArray;
  argmax(options?: { dims?: number }): KnetArray;
  argmin(options?: { dims?: number }): KnetArray;
  any(options?: DimsOptions): KnetArray;
  all(options?: DimsOptions): KnetArray;
  cumsum(options?: { dims?: number }): KnetArray;
  reshape(...shape: number[]): KnetArray;
  vec(): KnetArray;
  transpose(): KnetArray;
  t(): KnetArray;
  permute(...order: number[]): KnetArray;
  slice(...selectors: Selector[]): KnetArray;
  get(...indices: number[]): KnetArray;
  set(selectors: Selector | readonly Selector[], value: number | KnetArray): void;
  astype(dtype: DType): KnetArray;
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
  [Symbol.dispose](): void;
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
