/** The portable CPU backend. */
import {
  type Backend,
  type ConvolutionGeometry,
  type ConvolutionKind,
  type DType,
  isFloat,
  isHalf,
  type Kernel,
  type Limits,
  type PoolingGeometry,
  type Program,
  type ReduceOp,
  type Shape,
  type Storage,
  sizeOf,
  type TypedArray,
  type View,
} from '@knet/knetarray';
import { FastMap } from './fast-map.js';
import * as plainConvolution from './kernels/convolution.js';
import * as gathering from './kernels/gather.js';
import * as plainMatmul from './kernels/matmul.js';
import * as pooling from './kernels/pooling.js';
import * as programs from './kernels/program.js';
import { reduce, type SumMiddle } from './kernels/reduce.js';
import { allocate, dataOf, elements, float32 } from './kernels/storage.js';
import { type Float32Kernels, loadFloat32Kernels } from './wasm/kernels.js';

/** Options of {@link cpuBackend}. */
export interface CpuOptions {
  /** `false` computes everything in TypeScript, as on an engine without WebAssembly SIMD. Default true. */
  wasm?: boolean;
  /** Name of the device. Default `cpu`. */
  name?: string;
  /** Frees what JavaScript has dropped lately, where the platform can be asked for it; @knet/knet gives one in Node. */
  collectGarbage?: (() => void) | undefined;
}

const shared = /* @__PURE__ */ new Map<string, CpuBackend>();
let told = false;

/**
 * The portable CPU backend: float32, float64, int32, uint8 and bool in any JavaScript engine; float32 work runs in WebAssembly
 * SIMD where the engine has it, and in TypeScript, saying so once, where it has not.
 *
 * @example
 * useBackend(cpuBackend());
 */
export function cpuBackend({ wasm = true, name = 'cpu', collectGarbage }: CpuOptions = {}): CpuBackend {
  const key = `${name} ${wasm}`;
  let backend = shared.get(key);
  if (backend === undefined) {
    const kernels = wasm ? loadFloat32Kernels() : undefined;
    if (wasm && kernels === undefined && !told) {
      told = true;
      console.warn('@knet/knetarray-cpu: no WebAssembly SIMD here: float32 work runs in TypeScript, several times slower.');
    }
    backend = new CpuBackend(name, kernels);
    shared.set(key, backend);
  }
  if (collectGarbage !== undefined) backend.collectGarbage = collectGarbage;
  return backend;
}

/** See {@link cpuBackend}. */
export class CpuBackend implements Backend {
  readonly collected = true;
  /** See {@link CpuOptions}. */
  collectGarbage: (() => void) | undefined = undefined;
  readonly limits: Limits = {
    maxProgramArrays: 16,
    maxInstructions: 48,
    maxStorageBytes: 2 ** 32,
    maxPooledBytes: 2 ** 29,
    minPooledBytes: 128,
  };
  private readonly fast: FastMap | undefined;

  constructor(
    readonly name: string,
    private readonly kernels: Float32Kernels | undefined,
  ) {
    this.fast = kernels === undefined ? undefined : new FastMap(kernels);
    this.sumMiddle =
      kernels === undefined ? undefined : (inner, length, outer, x, offset, out) => kernels.sum(inner, length, outer, x, offset, out, 0);
  }

  private readonly sumMiddle: SumMiddle | undefined;
  private readonly run = (program: Program, inputs: readonly View[], scalars: readonly number[], outputs: readonly View[]): void =>
    this.map(program, inputs, scalars, outputs);

  /** Whether float32 work runs in WebAssembly. */
  get accelerated(): boolean {
    return this.kernels !== undefined;
  }

  supports(kernel: Kernel, dtype: DType): boolean {
    if (isHalf(dtype)) return false;
    switch (kernel) {
      case 'convolution':
        return isFloat(dtype);
      case 'random':
      case 'softmax':
      case 'lstm':
      case 'lstmLayer':
        return false;
      default:
        return true;
    }
  }

  allocate(dtype: DType, length: number): Storage {
    return allocate(dtype, length);
  }

  release(): void {
    // Typed arrays belong to the garbage collector.
  }

  write(storage: Storage, offset: number, data: TypedArray): void {
    dataOf(storage).set(data, offset);
  }

  async read(storage: Storage, dtype: DType, offset: number, length: number): Promise<TypedArray> {
    return this.readSync(storage, dtype, offset, length);
  }

  readSync(storage: Storage, _dtype: DType, offset: number, length: number): TypedArray {
    return dataOf(storage).slice(offset, offset + length);
  }

  map(program: Program, inputs: readonly View[], scalars: readonly number[], outputs: readonly View[]): void {
    if (this.fast?.map(program, inputs, scalars, outputs)) return;
    programs.map(program, inputs, scalars, outputs);
  }

  reduce(op: ReduceOp, program: Program, inputs: readonly View[], scalars: readonly number[], shape: Shape, output: View): void {
    reduce(op, program, inputs, scalars, shape, output, this.run, this.sumMiddle);
  }

  matmul(a: View, b: View, output: View, alpha: number, beta: number): void {
    const { kernels } = this;
    const [x, y, z] = [float32(a), float32(b), float32(output)];
    if (kernels === undefined || x === undefined || y === undefined || z === undefined) {
      plainMatmul.matmul(a, b, output, alpha, beta);
      return;
    }
    const [m, k] = [a.shape[0]!, a.shape[1]!];
    const n = b.shape[1]!;
    const [ar, ac] = [a.strides[0]!, a.strides[1]!];
    const [br, bc] = [b.strides[0]!, b.strides[1]!];
    const [cr, cc] = [output.strides[0]!, output.strides[1]!];
    if (a.shape.length === 2) {
      kernels.gemm(m, n, k, alpha, x, a.offset, ar, ac, y, b.offset, br, bc, beta, z, output.offset, cr, cc);
      return;
    }
    plainMatmul.forEachMatrix(a, b, output, (p, q, r) => kernels.gemm(m, n, k, alpha, x, p, ar, ac, y, q, br, bc, beta, z, r, cr, cc));
  }

  gather(source: View, indices: View, output: View, dim: number): void {
    gathering.gather(source, indices, output, dim);
  }

  scatterAdd(source: View, indices: View, output: View, dim: number): void {
    gathering.scatterAdd(source, indices, output, dim);
  }

  cumsum(x: View, output: View, dim: number): void {
    gathering.cumsum(x, output, dim);
  }

  convolution(kind: ConvolutionKind, geometry: ConvolutionGeometry, a: View, b: View, output: View): void {
    const [x, y, z] = [float32(a), float32(b), float32(output)];
    if (this.kernels === undefined || x === undefined || y === undefined || z === undefined) {
      plainConvolution.convolution(kind, geometry, a, b, output);
    } else if (kind === 'forward') this.kernels.convolution(geometry, x, a.offset, y, b.offset, z, output.offset);
    else if (kind === 'gradientX') this.kernels.convolutionX(geometry, x, a.offset, y, b.offset, z, output.offset);
    else this.kernels.convolutionW(geometry, x, a.offset, y, b.offset, z, output.offset);
  }

  maxPooling(geometry: PoolingGeometry, x: View, y: View, indices: View | undefined): void {
    const [source, target] = [float32(x), float32(y)];
    const where = indices === undefined ? new Int32Array(sizeOf(y.shape)) : elements(indices);
    // The fast one goes through up to three spatial dimensions.
    const fits = geometry.x.length <= 3 && where instanceof Int32Array;
    if (this.kernels === undefined || source === undefined || target === undefined || !fits) {
      pooling.maxPooling(geometry, x, y, where, indices?.offset ?? 0);
    } else this.kernels.maxPool(geometry, source, x.offset, target, y.offset, where, indices?.offset ?? 0);
  }
}
