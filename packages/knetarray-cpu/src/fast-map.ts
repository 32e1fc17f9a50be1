/** The fast float32 path of map and reduce: programs run in WebAssembly SIMD, block by block. */
import { isContiguous, type Program, sizeOf, type View } from '@knet/knetarray';
import { scatter, Walker } from './kernels/program.js';
import { float32 } from './kernels/storage.js';
import type { Float32Kernels } from './wasm/kernels.js';
import type { CompiledProgram } from './wasm/program.js';

/** Below this many elements, copying to WebAssembly memory costs more than it saves. */
const smallest = 48;

/** Runs programs in WebAssembly where that is possible and worth it. */
export class FastMap {
  private readonly compiled: (CompiledProgram | null)[] = [];

  constructor(private readonly kernels: Float32Kernels) {}

  /** Runs a map; false when it has to be done in TypeScript. The choice depends on dtype, size and layout alone, not on what is fused. */
  map(program: Program, inputs: readonly View[], scalars: readonly number[], outputs: readonly View[]): boolean {
    const { shape } = outputs[0]!;
    const size = sizeOf(shape);
    if (size < smallest) return false;
    const code = this.compile(program);
    if (code === null) return false;
    const targets: Float32Array[] = [];
    for (const view of outputs) {
      const data = float32(view);
      if (data === undefined) return false;
      targets.push(data);
    }
    const sources: Float32Array[] = [];
    let dense = outputs.every(isDense);
    for (const view of inputs) {
      const data = float32(view);
      if (data === undefined) return false;
      sources.push(data);
      dense &&= isContiguous(shape, view.strides);
    }
    if (dense) this.kernels.run(code, size, sources, inputs.map(offsetOf), targets, outputs.map(offsetOf), scalars);
    else this.mapBlocks(code, size, sources, inputs, scalars, targets, outputs);
    return true;
  }

  private mapBlocks(
    code: CompiledProgram,
    size: number,
    sources: readonly Float32Array[],
    inputs: readonly View[],
    scalars: readonly number[],
    targets: readonly Float32Array[],
    outputs: readonly View[],
  ): void {
    const { shape } = outputs[0]!;
    const walkers = inputs.map((view, i) => new Walker(sources[i]!, view.offset, shape, view.strides));
    const { blockSize } = code;
    const blocks = this.kernels.begin(code, scalars);
    for (let start = 0; start < size; start += blockSize) {
      const n = Math.min(blockSize, size - start);
      for (let i = 0; i < walkers.length; i++) walkers[i]!.fill(blocks.inputs[i]!, start, n);
      this.kernels.runBlock(code, n);
      for (let k = 0; k < targets.length; k++) {
        const [block, output] = [blocks.outputs[k]!, outputs[k]!];
        if (!isDense(output)) scatter(block, 0, start, n, output);
        else targets[k]!.set(n === blockSize ? block : block.subarray(0, n), output.offset + start);
      }
    }
  }

  private compile(program: Program): CompiledProgram | null {
    let code = this.compiled[program.id];
    if (code === undefined) {
      code = this.kernels.compile(program) ?? null;
      this.compiled[program.id] = code;
    }
    return code;
  }
}

function isDense({ shape, strides }: View): boolean {
  return isContiguous(shape, strides);
}

function offsetOf(view: View): number {
  return view.offset;
}
