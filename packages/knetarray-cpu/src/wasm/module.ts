import { relaxedBytes, simdBytes } from './bytes.generated.js';

/** Images to outputs, or output gradients to images. */
type Convolve = (
  positions: number,
  count: number,
  taps: number,
  k: number,
  panels: number,
  filters: number,
  alpha: number,
  image: number,
  imageStep: number,
  y: number,
  yPlane: number,
  yStep: number,
  instances: number,
) => void;

/** Functions of the WebAssembly module. Addresses and strides are in bytes. */
export interface Exports {
  readonly memory: WebAssembly.Memory;
  gemm(
    m: number,
    n: number,
    k: number,
    alpha: number,
    a: number,
    aRow: number,
    aColumn: number,
    b: number,
    bRow: number,
    bColumn: number,
    beta: number,
    c: number,
    cColumn: number,
    work: number,
    packA: boolean,
    packB: boolean,
  ): void;
  gemvColumns(m: number, k: number, alpha: number, a: number, step: number, x: number, beta: number, y: number): void;
  packColumns(to: number, from: number, row: number, column: number, columns: number, k: number): void;
  clear(address: number, bytes: number): void;
  spread(plan: number, image: number, x: number, planes: number): void;
  collect(plan: number, image: number, x: number, planes: number): void;
  packTaps(to: number, w: number, order: number, k: number, filters: number): void;
  convolve: Convolve;
  convolveInput: Convolve;
  convolveFilter(
    positions: number,
    full: number,
    count: number,
    taps: number,
    k: number,
    dw: number,
    filters: number,
    alpha: number,
    image: number,
    imageStep: number,
    dy: number,
    yPlane: number,
    yStep: number,
    instances: number,
  ): void;
  gemvRows(m: number, k: number, alpha: number, a: number, step: number, x: number, beta: number, y: number): void;
}

/** Which build to load: the fused multiply-add one where the host has relaxed SIMD, or a given one. */
export type Build = 'best' | 'simd' | 'relaxed';

function decode(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function valid(bytes: Uint8Array<ArrayBuffer>): boolean {
  try {
    return WebAssembly.validate(bytes);
  } catch {
    return false;
  }
}

function instantiate(bytes: Uint8Array<ArrayBuffer>): Exports | undefined {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {});
    return exports as unknown as Exports;
  } catch {
    // A content security policy without 'wasm-unsafe-eval', or a limit on synchronous compilation.
    return undefined;
  }
}

/**
 * Compiles and instantiates a build of the module, synchronously. Undefined where the host has no WebAssembly SIMD, refuses to compile,
 * or lacks relaxed SIMD when just that build is asked for.
 */
export function loadModule(build: Build = 'best'): { exports: Exports; relaxed: boolean } | undefined {
  if (typeof WebAssembly !== 'object' || typeof atob !== 'function') return undefined;
  for (const relaxed of build === 'best' ? [true, false] : [build === 'relaxed']) {
    const bytes = decode(relaxed ? relaxedBytes : simdBytes);
    const exports = valid(bytes) ? instantiate(bytes) : undefined;
    if (exports) return { exports, relaxed };
  }
  return undefined;
}
