/** The sum of filter gradients that splits have written one after the other. */
import type { DType } from '@knet/knetarray';
import { param, paramFloat } from '../params.js';
import type { Operand } from '../shader.js';
import { store } from './elements.js';

/** Threads of a workgroup, each of which sums up one element. */
export const sumThreads = 64;

/** WGSL with the parameters alpha, size, splits and the first element of the output. Operands: the parts, the output. */
export function sumCode(dtype: DType, operands: readonly Operand[]): string {
  const [parts, out] = operands as [Operand, Operand];
  return `
@compute @workgroup_size(${sumThreads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * ${sumThreads}u + lane;
  let size = ${param(1)};
  let splits = ${param(2)};
  if (i >= size) { return; }
  // Two sums halve the rounding, and do not wait for each other.
  var even = 0.0;
  var odd = 0.0;
  for (var k = 0u; k + 1u < splits; k += 2u) {
    even += ${parts.name}[i + k * size];
    odd += ${parts.name}[i + (k + 1u) * size];
  }
  if ((splits & 1u) == 1u) { even += ${parts.name}[i + (splits - 1u) * size]; }
  ${store(out, dtype, `${param(3)} + i`, `${paramFloat(0)} * (even + odd)`)}
}`;
}
