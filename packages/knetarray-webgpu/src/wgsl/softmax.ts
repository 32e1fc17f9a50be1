/** Shaders of normalised exponentials and their gradients. */
import type { DType, SoftmaxKind } from '@knet/knetarray';
import { param } from '../params.js';
import type { Operand } from '../shader.js';
import { arithmetic, largest } from './combine.js';
import { load, store } from './elements.js';
import { operation, operationLibrary } from './operations.js';
import { laneOf, mergeCall, mergeFunction, placeOf, type Sharing, subgroupBuiltins } from './workgroup.js';

/**
 * Part of the work: all of it; what is summed of each segment of a line, into scratch memory; or the results of segments, from
 * these sums.
 */
export type SoftmaxPhase = 'whole' | 'sums' | 'results';

/** Parameters: lines, `inner`, `length`, segments of a line, elements of a segment, and then the offset of each array. */
const [lines, inner, length, segments, segmentLength] = [0, 1, 2, 3, 4].map(param);
const offsets = 5;

/** What is summed along a line, and what is made of the sums. Elements are at index `at` (u32). */
interface Formula {
  /** Whether exponents are taken relative to the largest element, which is part of the sums then. */
  readonly shifted: boolean;
  /** Expression of a term of the sum. */
  readonly term: string;
  /** Statements between the sum `total` and the results. */
  readonly prepare: string;
  readonly result: string;
}

const exp = (x: string): string => operation('exp', 'float32', [x]);
const largestFloat = largest('f32', '-3.4028234e38');
const sumOfFloats = arithmetic('sum', 'f32');

/** Arrays of the shader are x and the result, or y, dy and the result. */
function formulaOf(kind: SoftmaxKind, gradient: boolean, elements: readonly string[]): Formula {
  const [x, dy] = elements;
  if (!gradient) {
    const shifted = `(${x} - top)`;
    return kind === 'softmax'
      ? { shifted: true, term: exp(shifted), prepare: '', result: `${exp(shifted)} / total` }
      : {
          shifted: true,
          term: exp(shifted),
          prepare: `let lost = ${operation('log', 'float32', ['total'])};`,
          result: `${shifted} - lost`,
        };
  }
  return kind === 'softmax'
    ? { shifted: false, term: `${dy} * ${x}`, prepare: '', result: `${x} * (${dy} - total)` }
    : { shifted: false, term: `${dy}`, prepare: '', result: `${dy} - ${exp(`${x}`)} * total` };
}

/** Terms that are added before they are added to the rest, so that rounding errors stay small. */
const partLength = 32;

/** Words of scratch memory for the sums of a segment. */
export function softmaxWords(gradient: boolean): number {
  return gradient ? 1 : 2;
}

/**
 * WGSL of a phase.
 * @param operands - the arrays that are read, the sums of the segments if they are, and what is written
 */
export function softmaxCode(
  kind: SoftmaxKind,
  gradient: boolean,
  phase: SoftmaxPhase,
  dtype: DType,
  sharing: Sharing,
  operands: readonly Operand[],
): string {
  const { threads, lanes } = sharing;
  const arrays = gradient ? 2 : 1;
  const elements = operands.slice(0, arrays).map((operand, k) => load(operand, dtype, `${param(offsets + k)} + at`));
  const formula = formulaOf(kind, gradient, elements);
  const target = operands.at(-1)!;
  const shared = lanes > 1 && phase !== 'results';
  const run = (statement: string): string => loop('begin', 'end', lanes, statement);
  const merged = (name: string, state: string): string => (shared ? mergeCall(sharing, name, state, 'thread') : state);
  const sums = `
  var most = ${largestFloat.neutral};
  ${formula.shifted ? run(`most = max(most, ${elements[0]});`) : ''}
  ${formula.shifted ? `let top = ${merged('merge_largest', 'most')};` : ''}
  var sum = 0.0;
  for (var first_of_part = begin; first_of_part < end; first_of_part += ${partLength * lanes}u) {
    var part = 0.0;
    let end_of_part = min(end, first_of_part + ${partLength * lanes}u);
    ${loop('first_of_part', 'end_of_part', lanes, `part += ${formula.term};`)}
    sum += part;
  }
  let total = ${merged('merge_sum', 'sum')};`;
  const writeSums = `if (lane == 0u && line < ${lines}) {
    ${gradient ? `${target.name}[unit] = total;` : `${target.name}[2u * unit] = top; ${target.name}[2u * unit + 1u] = total;`}
  }`;
  const results = `
  ${formula.prepare}
  ${run(store(target, dtype, `${param(offsets + arrays)} + at`, formula.result))}`;
  return `
${operationLibrary('float32', ['exp', 'log'])}
${shared && formula.shifted ? mergeFunction(sharing, 'merge_largest', largestFloat) : ''}
${shared ? mergeFunction(sharing, 'merge_sum', sumOfFloats) : ''}
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) thread: u32${shared ? subgroupBuiltins(sharing) : ''}) {
  let first = (group.y * groups.x + group.x) * ${threads / lanes}u;
  if (first >= ${lines} * ${segments}) { return; }
  let unit = first + ${placeOf(sharing, 'thread')};
  let lane = ${laneOf(sharing, 'thread')};
  let line = unit / ${segments};
  let segment = unit % ${segments};
  let start = line % ${inner} + line / ${inner} * ${inner} * ${length};
  // Threads beyond the last line have nothing to do, but wait with the others.
  let end = select(0u, min(${length}, (segment + 1u) * ${segmentLength}), line < ${lines});
  let begin = segment * ${segmentLength} + lane;
  ${phase === 'results' ? totalsCode(gradient, operands[arrays]!.name) : sums}
  ${phase === 'sums' ? writeSums : results}
}`;
}

/** Runs a statement for the element `at` of every position of a lane, four at a time. */
function loop(begin: string, end: string, lanes: number, statement: string): string {
  const step = (j: number): string => `{ let at = start + ${j === 0 ? 'l' : `(l + ${j * lanes}u)`} * ${inner}; ${statement} }`;
  return `{
    var l = ${begin};
    while (l + ${3 * lanes}u < ${end}) { ${[0, 1, 2, 3].map(step).join(' ')} l += ${4 * lanes}u; }
    while (l < ${end}) { ${step(0)} l += ${lanes}u; }
  }`;
}

/** The sums of a whole line, from those of its segments. */
function totalsCode(gradient: boolean, sums: string): string {
  const first = `line * ${segments}`;
  if (gradient) return `var total = 0.0;\n  for (var s = 0u; s < ${segments}; s++) { total += ${sums}[${first} + s]; }`;
  return `var top = ${largestFloat.neutral};
  for (var s = 0u; s < ${segments}; s++) { top = max(top, ${sums}[2u * (${first} + s)]); }
  var total = 0.0;
  for (var s = 0u; s < ${segments}; s++) {
    let weight = ${exp(`(${sums}[2u * (${first} + s)] - top)`)};
    total += ${sums}[2u * (${first} + s) + 1u] * weight;
  }`;
}
