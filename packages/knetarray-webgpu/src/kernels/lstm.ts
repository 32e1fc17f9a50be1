/** The elementwise part of an LSTM cell, and its gradient. */
import type { LstmGradients, View } from '@knet/knetarray';
import type { Context } from '../context.js';
import { param } from '../params.js';
import { type Operand, Shader } from '../shader.js';
import { storagesOf } from '../views.js';
import { operation, operationLibrary } from '../wgsl/operations.js';

/** Threads of a workgroup: one for each state. */
const threads = 64;

/** The lstm kernels of a device. */
export class LstmKernel {
  readonly #forward = new Shader('lstm', ['f32', 'f32'], ['f32', 'f32'], forwardCode);
  readonly #gradient = new Shader('lstm gradient', ['f32', 'f32', 'f32', 'f32', 'f32'], ['f32', 'f32'], gradientCode);

  constructor(private readonly context: Context) {}

  lstm(gates: View, cell: View, newHidden: View, newCell: View): void {
    this.#run(this.#forward, gates, [gates, cell, newHidden, newCell]);
  }

  gradient(gates: View, cell: View, newCell: View, states: LstmGradients, gatesGradient: View, cellGradient: View): void {
    this.#run(this.#gradient, gates, [gates, cell, newCell, states.hidden, states.cell, gatesGradient, cellGradient]);
  }

  #run(shader: Shader, gates: View, views: readonly View[]): void {
    const [n, , m] = gates.shape as readonly [number, number, number];
    if (n * m === 0) return;
    const { queue } = this.context;
    const params = queue
      .begin()
      .u32(n * m)
      .u32(n);
    for (const { offset } of views) params.u32(offset);
    queue.dispatch(shader, storagesOf(views), Math.ceil((n * m) / threads));
  }
}

/** The main function: `body` is run for state `i`. Gate k of it is in array j at `gate(j, k)`, a state at `state(j)`. */
function mainCode(
  operands: readonly Operand[],
  body: (gate: (j: number, k: number) => string, state: (j: number) => string) => string,
): string {
  const at = (j: number, index: string): string => `${operands[j]!.name}[${param(2 + j)} + ${index}]`;
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
  ${body(
    (j, k) => at(j, `g + ${k}u * n`),
    j => at(j, 'i'),
  )}
}`;
}

function forwardCode(operands: readonly Operand[]): string {
  return mainCode(
    operands,
    (gate, state) => `
  let next = ${state(1)} * logistic(${gate(0, 0)}).x + logistic(${gate(0, 1)}).x * squashed(${gate(0, 3)});
  ${state(2)} = logistic(${gate(0, 2)}).x * squashed(next);
  ${state(3)} = next;`,
  );
}

function gradientCode(operands: readonly Operand[]): string {
  return mainCode(
    operands,
    (gate, state) => `
  let keep = logistic(${gate(0, 0)});
  let enter = logistic(${gate(0, 1)});
  let out = logistic(${gate(0, 2)});
  let change = squashed(${gate(0, 3)});
  let next = squashed(${state(2)});
  let hidden = ${state(3)};
  let arriving = ${state(4)} + hidden * out.x * ((1.0 - next) * (1.0 + next));
  ${gate(5, 0)} = arriving * ${state(1)} * keep.y;
  ${gate(5, 1)} = arriving * change * enter.y;
  ${gate(5, 2)} = hidden * next * out.y;
  ${gate(5, 3)} = arriving * enter.x * ((1.0 - change) * (1.0 + change));
  ${state(6)} = arriving * keep.x;`,
  );
}
