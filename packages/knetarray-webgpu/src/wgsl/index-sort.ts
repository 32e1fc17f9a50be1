/** WGSL of a stable sort of positions: radix sort, whose parts are counted and moved by one thread each. */
import { param, paramInt } from '../params.js';
import type { Operand } from '../shader.js';
import { load } from './elements.js';

/** Threads of a workgroup that counts or moves: few, since there are few parts. */
export const partThreads = 32;
/** Threads of the one workgroup that adds up counts. */
const sumThreads = 256;

/** Words of the parameters: number and length, offset and step of the positions; shift and number of digits; length and number of parts. */
const [count, length, listOffset, listStep, shift, digits, partLength, parts] = [0, 1, 2, 3, 4, 5, 6, 7];

/** Functions `digit` of number j in the list, and `place` of a digit's count for a part. What is no position comes last. */
function functions(indices: Operand): string {
  return `
fn digit(j: u32) -> u32 {
  let at = u32(${load(indices, 'int32', `u32(${paramInt(listOffset)} + i32(j) * ${paramInt(listStep)})`)});
  return (min(at, ${param(length)}) >> ${param(shift)}) % ${param(digits)};
}
fn place(digit: u32, part: u32) -> u32 { return digit * ${param(parts)} + part; }`;
}

/** Runs `each` for the elements `k` of every part, where `j` is what stands there: k itself in the first pass, later in `order`. */
function overParts(order: Operand | undefined, before: string, each: string): string {
  return `
@compute @workgroup_size(${partThreads})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let part = id.x;
  if (part >= ${param(parts)}) { return; }
  ${before}
  let end = min(${param(count)}, (part + 1u) * ${param(partLength)});
  for (var k = part * ${param(partLength)}; k < end; k++) {
    let j = ${order === undefined ? 'k' : `u32(${load(order, 'int32', 'k')})`};
    ${each}
  }
}`;
}

/** Operands: positions, after the first pass the order so far; counts. Counts how often each digit occurs in each part. */
export function countCode(operands: readonly Operand[]): string {
  const { name } = operands.at(-1)!;
  const order = operands.length === 3 ? operands[1] : undefined;
  return `
${functions(operands[0]!)}
${overParts(order, `for (var d = 0u; d < ${param(digits)}; d++) { ${name}[place(d, part)] = 0; }`, `${name}[place(digit(j), part)] += 1;`)}`;
}

/** Operands: positions, after the first pass the order so far; counts, which are where to begin by now; the new order. */
export function moveCode(operands: readonly Operand[]): string {
  const [counts, sorted] = operands.slice(-2);
  const order = operands.length === 4 ? operands[1] : undefined;
  return `
${functions(operands[0]!)}
${overParts(
  order,
  '',
  `let at = place(digit(j), part);
    let to = ${counts!.name}[at];
    ${counts!.name}[at] = to + 1;
    ${sorted!.name}[u32(to)] = i32(j);`,
)}`;
}

/** Operand: counts. Replaces each by the sum of those before it; a single thread does so where barriers cost more than they save. */
export function sumCode([counts]: readonly Operand[], single: boolean): string {
  const { name } = counts!;
  const place = (body: string): string => `for (var k = begin; k < end; k++) { ${body} }`;
  const write = place(`let n = ${name}[k]; ${name}[k] = at; at += n;`);
  const total = `${param(digits)} * ${param(parts)}`;
  if (single) {
    return `
@compute @workgroup_size(1)
fn main() {
  let begin = 0u;
  let end = ${total};
  var at = 0;
  ${write}
}`;
  }
  return `
var<workgroup> sums: array<i32, ${sumThreads}>;
@compute @workgroup_size(${sumThreads})
fn main(@builtin(local_invocation_index) lane: u32) {
  let entries = ${total};
  let each = (entries + ${sumThreads - 1}u) / ${sumThreads}u;
  let begin = min(lane * each, entries);
  let end = min(begin + each, entries);
  var own = 0;
  ${place(`own += ${name}[k];`)}
  sums[lane] = own;
  workgroupBarrier();
  for (var step = 1u; step < ${sumThreads}u; step *= 2u) {
    var before = 0;
    if (lane >= step) { before = sums[lane - step]; }
    workgroupBarrier();
    sums[lane] += before;
    workgroupBarrier();
  }
  var at = sums[lane] - own;
  ${write}
}`;
}
