/** WGSL of one or several runs of an elementwise program. */
import type { DType, Program } from '@knet/knetarray';
import type { Operand } from '../shader.js';
import { convert, slabFunctions, store, storeFunctions } from './elements.js';
import type { IndexingCode } from './indexing.js';
import { programCode, programLibrary } from './program.js';

/** One run: its operands, and where its parameters are. */
export interface MapPart extends IndexingCode {
  /** Expression of its number of workgroups. */
  readonly groups: string;
  /** Expression of its number of elements. */
  readonly size: string;
  /** Inputs, then outputs. */
  readonly operands: readonly Operand[];
}

/** How work is divided: threads of a workgroup, and elements that each computes. */
export interface MapDivision {
  readonly threads: number;
  readonly perThread: number;
}

/** The module. Workgroups are divided among the parts in their order. */
export function mapCode(
  program: Program,
  dtypes: readonly DType[],
  parts: readonly MapPart[],
  slabs: readonly Operand[],
  { threads, perThread }: MapDivision,
): string {
  const { inputs } = program;
  const functions = parts.map(({ size, operands, position, indices, end }, c) => {
    const stores = program.outputs.map((register, k) =>
      store(operands[inputs + k]!, dtypes[inputs + k]!, indices[inputs + k]!, convert(`r${register}`, program.dtype, dtypes[inputs + k]!)),
    );
    return `
fn part${c}(first: u32) {
  for (var k = 0u; k < ${perThread}u; k++) {
    let i = first + k * ${threads}u;
    if (i >= ${size}) { return; }
    ${position}
    ${programCode(program, operands, dtypes, indices, end)}
    ${stores.join('\n    ')}
  }
}`;
  });
  const calls = parts.map(({ groups }, c) => {
    const call = `part${c}(number * ${threads * perThread}u + lane);`;
    return c === parts.length - 1 ? call : `if (number < ${groups}) { ${call} return; }\n  number -= ${groups};`;
  });
  const outputs = parts.flatMap(({ operands }) => operands.slice(inputs));
  return `
${programLibrary(program)}
${storeFunctions(
  outputs,
  parts.flatMap(() => dtypes.slice(inputs)),
)}
${slabFunctions(slabs)}
${functions.join('\n')}
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  var number = group.y * groups.x + group.x;
  ${calls.join('\n  ')}
}`;
}
