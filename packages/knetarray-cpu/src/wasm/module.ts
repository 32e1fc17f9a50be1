import { elementwiseBytes, productBytes, relaxedProductBytes } from './bytes.generated.js';

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

/** Functions of the module of products. Addresses and strides are in bytes. */
export interface ProductExports {
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
  movePlanes(plan: number, image: number, x: number, planes: number, back: boolean): void;
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

/** Functions of the elementwise module. Addresses are in bytes. */
export interface ElementwiseExports {
  readonly memory: WebAssembly.Memory;
  maxPool2(planes: number, width: number, height: number, x: number, y: number, index: number, first: number): void;
  run(code: number, instructions: number, bytes: number): void;
  sumRuns(x: number, length: number, runs: number, out: number): void;
  sumColumns(x: number, inner: number, length: number, outer: number, out: number): void;
}

/** Which build to load: the fused multiply-add one where the host has relaxed SIMD, or a given one. */
export type Build = 'best' | 'simd' | 'relaxed';

/** Both modules, instantiated. */
export interface Modules {
  readonly products: ProductExports;
  readonly elementwise: ElementwiseExports;
  readonly relaxed: boolean;
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Exports of a module, or undefined where the host does not know its instructions or refuses to compile. */
function instantiate<E>(base64: string): E | undefined {
  const bytes = decode(base64);
  try {
    if (!WebAssembly.validate(bytes)) return undefined;
    const { sin, cos, pow } = Math;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { math: { sin, cos, pow } });
    // The host types exports by name only; what they are is fixed by the bytes, which the tests rebuild.
    return exports as unknown as E;
  } catch {
    // A content security policy without 'wasm-unsafe-eval', or a limit on synchronous compilation.
    return undefined;
  }
}

/**
 * Compiles and instantiates both modules, synchronously. Undefined where the host has no WebAssembly SIMD, refuses to compile, or lacks
 * relaxed SIMD when just that build is asked for.
 */
export function loadModules(build: Build = 'best'): Modules | undefined {
  if (typeof WebAssembly !== 'object' || typeof atob !== 'function') return undefined;
  const fused = build === 'simd' ? undefined : instantiate<ProductExports>(relaxedProductBytes);
  const products = fused ?? (build === 'relaxed' ? undefined : instantiate<ProductExports>(productBytes));
  const elementwise = products && instantiate<ElementwiseExports>(elementwiseBytes);
  return elementwise && { products, elementwise, relaxed: fused !== undefined };
}
