import { convolution, convolutionW, convolutionX } from './convolution.js';
import { gemm } from './gemm.js';
import { type Build, type ElementwiseExports, loadModules, type Modules, type ProductExports } from './module.js';
import type { ConvolutionGeometry } from './plan.js';
import { maxPool, maxPoolGradient, type PoolGeometry } from './pool.js';
import {
  beginProgram,
  type CompiledProgram,
  compileProgram,
  type ElementwiseProgram,
  type ProgramBlocks,
  runProgram,
  runProgramBlock,
} from './program.js';
import { Scratch } from './scratch.js';
import { sum } from './sum.js';

/**
 * Float32 kernels that compute in WebAssembly SIMD over ordinary typed arrays. Operands are copied into the module's memory, which is
 * scratch only, and results are copied back.
 */
export class Float32Kernels {
  /** Whether the build with fused multiply-add is loaded. */
  readonly relaxed: boolean;
  private readonly products: Scratch<ProductExports>;
  private readonly elementwise: Scratch<ElementwiseExports>;

  /** Use `loadFloat32Kernels`. */
  constructor(modules: Modules) {
    this.relaxed = modules.relaxed;
    this.products = new Scratch(modules.products);
    this.elementwise = new Scratch(modules.elementwise);
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
    gemm(this.products, m, n, k, alpha, a, aOffset, aRow, aColumn, b, bOffset, bRow, bColumn, beta, c, cOffset, cRow, cColumn);
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
    convolution(this.products, g, w, wOffset, x, xOffset, y, yOffset);
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
    convolutionX(this.products, g, w, wOffset, dy, dyOffset, dx, dxOffset);
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
    convolutionW(this.products, g, x, xOffset, dy, dyOffset, dw, dwOffset);
  }

  /**
   * Maxima of windows over the planes of x [X..., planes], clipped to its elements. `index` gets for every output the place of the first
   * maximum of its window in x, counted from `xOffset`; a NaN counts as the maximum.
   *
   * @throws Error when a padding is not smaller than its window.
   * @example kernels.maxPool({ x: [4, 4], window: [2, 2], y: [2, 2], padding: [0, 0], stride: [2, 2], planes: 1 }, x, 0, y, 0, index, 0);
   */
  maxPool(
    g: PoolGeometry,
    x: Float32Array,
    xOffset: number,
    y: Float32Array,
    yOffset: number,
    index: Int32Array,
    indexOffset: number,
  ): void {
    maxPool(this.elementwise, g, x, xOffset, y, yOffset, index, indexOffset);
  }

  /** Gradient of `maxPool` with respect to x: dx = 0, then dx[index[j]] += dy[j] for every output j. */
  maxPoolGradient(
    g: PoolGeometry,
    dy: Float32Array,
    dyOffset: number,
    index: Int32Array,
    indexOffset: number,
    dx: Float32Array,
    dxOffset: number,
  ): void {
    maxPoolGradient(g, dy, dyOffset, index, indexOffset, dx, dxOffset);
  }

  /**
   * Sums over the middle dimension of x [inner, length, outer]: out[i + inner * o] = sum over l of x[i + inner * (l + length * o)].
   * Sums are accumulated in float64 and rounded once, when `out` is float32.
   *
   * @example kernels.sum(1, x.length, 1, x, 0, total, 0); // all of x
   */
  sum(
    inner: number,
    length: number,
    outer: number,
    x: Float32Array,
    xOffset: number,
    out: Float32Array | Float64Array,
    outOffset: number,
  ): void {
    sum(this.elementwise, inner, length, outer, x, xOffset, out, outOffset);
  }

  /**
   * Prepares a program for `run` and `runBlock`. Undefined if it is not float32 or uses an operation that these kernels lack.
   *
   * @example
   * // x * 2 + 1 with both numbers given at run time
   * kernels.compile({ id: 1, dtype: 'float32', inputs: 1, scalars: 2, instructions: [
   *   { op: 'mul', args: [0, 1] }, { op: 'add', args: [3, 2] }], outputs: [4] });
   */
  compile(program: ElementwiseProgram): CompiledProgram | undefined {
    return compileProgram(program);
  }

  /**
   * Runs a program over the first `n` elements behind the offsets of dense arrays. An output may be one of the inputs, at the same
   * offset. What an element gives does not depend on its place, on `n` or on how instructions are grouped into programs.
   */
  run(
    program: CompiledProgram,
    n: number,
    inputs: readonly Float32Array[],
    inputOffsets: readonly number[],
    outputs: readonly Float32Array[],
    outputOffsets: readonly number[],
    scalars: readonly number[],
  ): void {
    runProgram(this.elementwise, program, n, inputs, inputOffsets, outputs, outputOffsets, scalars);
  }

  /**
   * Starts a run whose blocks the caller fills: sets the scalars and returns the blocks of the inputs and the outputs, `blockSize`
   * elements each. They are valid until the next other call of these kernels but `runBlock`.
   *
   * @example
   * const { inputs, outputs } = kernels.begin(program, scalars);
   * for (let start = 0; start < n; start += program.blockSize) { fill(inputs); kernels.runBlock(program, count); take(outputs); }
   */
  begin(program: CompiledProgram, scalars: readonly number[]): ProgramBlocks {
    return beginProgram(this.elementwise, program, scalars);
  }

  /** Runs a program over the first `n` elements of its blocks, n at most `blockSize`. Inputs have to be filled again afterwards. */
  runBlock(program: CompiledProgram, n: number): void {
    runProgramBlock(this.elementwise, program, n);
  }
}

/**
 * Loads the WebAssembly kernels, synchronously and with no import of the host: the relaxed-SIMD build where it validates, otherwise the
 * plain one. Undefined where WebAssembly SIMD is absent or refused (a content security policy without `wasm-unsafe-eval`).
 *
 * @example const kernels = loadFloat32Kernels();
 */
export function loadFloat32Kernels(build: Build = 'best'): Float32Kernels | undefined {
  const modules = loadModules(build);
  return modules && new Float32Kernels(modules);
}
