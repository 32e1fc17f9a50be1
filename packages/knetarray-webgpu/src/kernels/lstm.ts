/** The elementwise part of an LSTM cell, and its gradient. */
import type { DType, LstmGradients, View } from '@knet/knetarray';
import type { Context } from '../context.js';
import { param } from '../params.js';
import { type Operand, Shader } from '../shader.js';
import { storagesOf } from '../views.js';
import { inputType, load, store } from '../wgsl/elements.js';
import { operation, operationLibrary } from '../wgsl/operations.js';

/** Threads of a workgroup: one for each state. */
const threads = 64;

/** The lstm kernels of a device. */
export class LstmKernel {
  readonly #shaders = new Map<string, Shader>();

  constructor(private readonly context: Context) {}

  lstm(gates: View, cell: View, newHidden: View, newCell: View): void {
    this.#run('lstm', gates, [gates, cell, newHidden, newCell]);
  }

  gradient(gates: View, cell: View, newCell: View, states: LstmGradients, gatesGradient: View, cellGradient: View): void {
    this.#run('lstm gradient', gates, [gates, cell, newCell, states.hidden, states.cell, gatesGradient, cellGradient]);
  }

  /** The shader has the new states as outputs, or the gradients: two of them. */
  #run(name: 'lstm' | 'lstm gradient', gates: View, views: readonly View[]): void {
    const [n, , m] = gates.shape as readonly [number, number, number];
    if (n * m === 0) return;
    const { dtype } = gates;
    const key = `${name} ${dtype}`;
    let shader = this.#shaders.get(key);
    if (shader === undefined) {
      const type = inputType(dtype);
      const code = name === 'lstm' ? forwardCode : gradientCode;
      shader = new Shader(name, new Array(views.length - 2).fill(type), [type, type], operands => code(operands, dtype));
      this.#shaders.set(key, shader);
    }
    const { queue } = this.context;
    const params = queue
      .begin()
      .u32(n * m)
      .u32(n);
    for (const { offset } of views) params.u32(offset);
    queue.dispatch(shader, storagesOf(views), Math.ceil((n * m) / threads));
  }
}

/** How the code of a state reaches arrays: by their number, and for gates by theirs. */
interface Access {
  /** Expression of gate k of array j. */
  gate(j: number, k: number): string;
  /** Expression of the state in array j. */
  state(j: number): string;
  /** Statements that write. */
  setGate(j: number, k: number, value: string): string;
  setState(j: number, value: string): string;
}

/** The main function: `body` is run for state `i`. */
function mainCode(operands: readonly Operand[], dtype: DType, body: (access: Access) => string): string {
  const gate = (j: number, k: number): string => `${param(2 + j)} + g + ${k}u * n`;
  const state = (j: number): string => `${param(2 + j)} + i`;
  const access: Access = {
    gate: (j, k) => load(operands[j]!, dtype, gate(j, k)),
    state: j => load(operands[j]!, dtype, state(j)),
    setGate: (j, k, value) => store(operands[j]!, dtype, gate(j, k), value),
    setState: (j, value) => store(operands[j]!, dtype, state(j), value),
  };
  return `
${operationLibrary('float32', ['exp', 'tanh'])}
// The logistic function and its slope. The exponential is that of a negative number, so that nothing overflows and small slopes keep all their bits.
fn logistic(x: f32) -> vec2<f32> {
  let e = ${operation('exp', 'float32', ['(-abs(x))'])};
  let part = 1.0 / (1.0 + e);
  return vec2<f32>(select(1.0, e, x < 0.0) * part, e * part * part);
}
fn squashed(x: f32) -> f32 { return ${operation('tanh', 'float32', ['x'])}; }
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let i = (group.y * groups.x + group.x) * ${threads}u + thread;
  if (i >= ${param(0)}) { return; }
  let n = ${param(1)};
  let g = i + 3u * n * (i / n);
  ${body(access)}
}`;
}

function forwardCode(operands: readonly Operand[], dtype: DType): string {
  return mainCode(
    operands,
    dtype,
    ({ gate, state, setState }) => `
  let next = ${state(1)} * logistic(${gate(0, 0)}).x + logistic(${gate(0, 1)}).x * squashed(${gate(0, 3)});
  ${setState(2, `logistic(${gate(0, 2)}).x * squashed(next)`)}
  ${setState(3, 'next')}`,
  );
}

function gradientCode(operands: readonly Operand[], dtype: DType): string {
  return mainCode(
    operands,
    dtype,
    ({ gate, state, setGate, setState }) => `
  let keep = logistic(${gate(0, 0)});
  let enter = logistic(${gate(0, 1)});
  let out = logistic(${gate(0, 2)});
  let change = squashed(${gate(0, 3)});
  let next = squashed(${state(2)});
  let hidden = ${state(3)};
  let arriving = ${state(4)} + hidden * out.x * ((1.0 - next) * (1.0 + next));
  ${setGate(5, 0, `arriving * ${state(1)} * keep.y`)}
  ${setGate(5, 1, 'arriving * change * enter.y')}
  ${setGate(5, 2, 'hidden * next * out.y')}
  ${setGate(5, 3, 'arriving * enter.x * ((1.0 - change) * (1.0 + change))')}
  ${setState(6, 'arriving * keep.x')}`,
  );
}
