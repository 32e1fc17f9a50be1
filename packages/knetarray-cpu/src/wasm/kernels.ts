import { convolution, convolutionW, convolutionX } from './convolution.js';
import { gemm } from './gemm.js';
import { type Build, loadModule } from './module.js';
import type { ConvolutionGeometry } from './plan.js';
import { Scratch } from './scratch.js';

/**
 * Float32 kernels that compute in WebAssembly SIMD over ordinary typed arrays. Operands are copied into the module's memory, which is
 * scratch only, and results are copied back.
 */
export class Float32Kernels {
  private readonly scratch: Scratch;

  /** Use `loadFloat32Kernels`. */
  constructor(
    scratch: Scratch,
    /** Whether the build with fused multiply-add is loaded. */
    readonly relaxed: boolean,
  ) {
    this.scratch = scratch;
  }

  /**
   * C = alpha * A * B + beta * C, where A is m x k, B is k x n and C is m x n.
   *
   * Element (i, p) of A is `a[aOffset + i * aRow + p * aColumn]`, and so on. Strides of A and B are any numbers from 0 (transposes are as
   * fast as plain matrices, a stride of 0 broadcasts); C has `cRow` or `cColumn` equal to 1. With `beta` 0, C is not read.
   *
   * @throws Error when neither stride of C is 1 and both m and n exceed 1.
   * @example kernels.gemm(2, 2, 3, 1, a, 0, 1, 2, b, 0, 1, 3, 0, c, 0, 1, 2); // column-major 2x3 times 3x2
   */
  gemm(
    m: number,
    n: number,
    k: number,
    alpha: number,
    a: Float32Array,
    aOffset: number,
    aRow: number,
    aColumn: number,
    b: Float32Array,
    bOffset: number,
    bRow: number,
    bColumn: number,
    beta: number,
    c: Float32Array,
    cOffset: number,
    cRow: number,
    cColumn: number,
  ): void {
    gemm(this.scratch, m, n, k, alpha, a, aOffset, aRow, aColumn, b, bOffset, bRow, bColumn, beta, c, cOffset, cRow, cColumn);
  }

  /**
   * y = alpha * convolution of x with w. Arrays are dense and column-major: w [W..., inputs / group, outputs], x [X..., inputs, batch],
   * y [Y..., outputs, batch].
   *
   * @example
   * // w = [1, 2, 3] over x = 1..7 gives [10, 16, 22, 28, 34]
   * kernels.convolution({ x: [7], w: [3], y: [5], padding: [0], stride: [1], dilation: [1], inputs: 1, outputs: 1, batch: 1, group: 1,
   *   flip: true, alpha: 1 }, w, 0, x, 0, y, 0);
   */
  convolution(
    g: ConvolutionGeometry,
    w: Float32Array,
    wOffset: number,
    x: Float32Array,
    xOffset: number,
    y: Float32Array,
    yOffset: number,
  ): void {
    convolution(this.scratch, g, w, wOffset, x, xOffset, y, yOffset);
  }

  /** dx = gradient of `convolution` with respect to x, times alpha. */
  convolutionX(
    g: ConvolutionGeometry,
    w: Float32Array,
    wOffset: number,
    dy: Float32Array,
    dyOffset: number,
    dx: Float32Array,
    dxOffset: number,
  ): void {
    convolutionX(this.scratch, g, w, wOffset, dy, dyOffset, dx, dxOffset);
  }

  /** dw = gradient of `convolution` with respect to w, times alpha. */
  convolutionW(
    g: ConvolutionGeometry,
    x: Float32Array,
    xOffset: number,
    dy: Float32Array,
    dyOffset: number,
    dw: Float32Array,
    dwOffset: number,
  ): void {
    convolutionW(this.scratch, g, x, xOffset, dy, dyOffset, dw, dwOffset);
  }
}

/**
 * Loads the WebAssembly kernels, synchronously and with no import of the host: the relaxed-SIMD build where it validates, otherwise the
 * plain one. Undefined where WebAssembly SIMD is absent or refused (a content security policy without `wasm-unsafe-eval`).
 *
 * @example const kernels = loadFloat32Kernels();
 */
export function loadFloat32Kernels(build: Build = 'best'): Float32Kernels | undefined {
  const module = loadModule(build);
  return module && new Float32Kernels(new Scratch(module.exports), module.relaxed);
}
