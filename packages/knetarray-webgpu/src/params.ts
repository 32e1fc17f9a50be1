/** The uniforms of dispatches: numbers written one after the other into a ring that is uploaded with each submit. */

/** Bytes that a dispatch may use. */
export const maxParamBytes = 1024;
export const maxParamWords: number = maxParamBytes / 4;
/** Dynamic offsets of uniforms are multiples of this. */
const alignment = 256;

/** Writes the parameters of dispatches. */
export class Params {
  readonly host: ArrayBuffer;
  readonly #u32: Uint32Array;
  readonly #i32: Int32Array;
  readonly #f32: Float32Array;
  /** Next word. */
  #at = 0;
  #start = 0;

  constructor(readonly bytes: number) {
    this.host = new ArrayBuffer(bytes);
    this.#u32 = new Uint32Array(this.host);
    this.#i32 = new Int32Array(this.host);
    this.#f32 = new Float32Array(this.host);
  }

  /** Byte where the parameters of the current dispatch begin. */
  get offset(): number {
    return this.#start;
  }

  /** Bytes that are used. */
  get used(): number {
    return this.#at * 4;
  }

  /** Whether another dispatch has room. */
  get room(): boolean {
    return Math.ceil(this.used / alignment) * alignment + maxParamBytes <= this.bytes;
  }

  /** Begins the parameters of a dispatch. */
  begin(): this {
    this.#start = Math.ceil(this.used / alignment) * alignment;
    this.#at = this.#start / 4;
    return this;
  }

  /** A count, size or non-negative index. */
  u32(x: number): this {
    this.#u32[this.#at++] = x;
    return this;
  }

  /** A stride, or an element of an integer array: taken modulo 2^32. */
  i32(x: number): this {
    this.#i32[this.#at++] = x;
    return this;
  }

  f32(x: number): this {
    this.#f32[this.#at++] = x;
    return this;
  }

  /** Several of {@link Params.i32}. */
  i32s(xs: readonly number[]): this {
    for (let i = 0; i < xs.length; i++) this.#i32[this.#at++] = xs[i]!;
    return this;
  }

  /** Everything was uploaded. */
  reset(): void {
    this.#at = 0;
    this.#start = 0;
  }
}

/** WGSL of word `i` of the parameters, as u32. */
export function param(i: number): string {
  return `u[${i >> 2}].${'xyzw'[i & 3]}`;
}

/** WGSL of word `i` as i32. */
export function paramInt(i: number): string {
  return `bitcast<i32>(${param(i)})`;
}

/** WGSL of word `i` as f32. */
export function paramFloat(i: number): string {
  return `bitcast<f32>(${param(i)})`;
}
