/** Shaders of cumulative sums. */
import type { DType } from '@knet/knetarray';
import { param, paramInt } from '../params.js';
import type { Operand } from '../shader.js';
import { arithmetic } from './combine.js';
import { load, registerOf, store } from './elements.js';
import { type Indexing, indexingCode } from './indexing.js';
import { mergeCall, mergeFunction, type Sharing } from './workgroup.js';

/**
 * Part of the work: all of it, where lines are not cut; the sums of the segments of lines, into scratch memory; or the cumulative
 * sums of segments, each from the sums of those before it.
 */
export type CumsumPhase = 'whole' | 'totals' | 'sums';

/** A shader of cumulative sums. */
export interface CumsumShape {
  readonly phase: CumsumPhase;
  readonly dtype: DType;
  /** x and the output at the beginning of each line. */
  readonly lines: Indexing;
  /** Whether a workgroup has a segment, or a thread. */
  readonly together: boolean;
}

/** Threads of a workgroup, when each has a segment. */
export const cumsumThreads = { software: 16, gpu: 64 };
/** Elements of a segment that a workgroup has. */
export const tileLength = 2048;
const tileThreads = 256;
const perThread = tileLength / tileThreads;
const sharing: Sharing = { threads: tileThreads, lanes: tileThreads, adjacent: 'lanes', subgroups: false };

/** Parameters: lines, length of a line, segments of a line, elements of a segment, strides along the line of x and the output; then the lines. */
const [lines, length, segments, segmentLength] = [0, 1, 2, 3].map(param);
const strideOfX = paramInt(4);
const strideOfOutput = paramInt(5);
const linesWord = 6;

/** WGSL of a phase. Operands: x, the totals of the segments in the last phase, and what is written. */
export function cumsumCode(shape: CumsumShape, threads: number, operands: readonly Operand[]): string {
  const { phase, dtype, lines: indexing, together } = shape;
  const [x, target] = [operands[0]!, operands.at(-1)!];
  const register = registerOf(dtype);
  const { position, indices } = indexingCode(indexing, linesWord, 'line');
  const element = (at: string): string => load(x, dtype, `u32(from_x + i32(${at}) * ${strideOfX})`);
  const write = (at: string, value: string): string => store(target, dtype, `u32(from_output + i32(${at}) * ${strideOfOutput})`, value);
  const body = together ? tileCode(shape, operands, element, write) : lineCode(shape, operands, element, write);
  const count = together ? tileThreads : threads;
  return `
${together ? tileLibrary(shape) : ''}
@compute @workgroup_size(${count})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let number = group.y * groups.x + group.x;
  let unit = ${together ? 'number' : `number * ${threads}u + thread`};
  if (unit >= ${lines} * ${segments}) { return; }
  let line = unit % ${lines};
  let segment = unit / ${lines};
  ${position}
  let from_x = i32(${indices[0]});
  ${phase === 'totals' ? '' : `let from_output = i32(${indices[1]});`}
  let first = segment * ${segmentLength};
  let end = min(${length}, first + ${segmentLength});
  let none = ${register}(0);
  ${body}
}`;
}

type Element = (at: string) => string;
type Write = (at: string, value: string) => string;

/** A thread goes through its segment. Sums of 32 and of 1024 elements are added to the rest, so that rounding errors stay small. */
function lineCode({ phase, dtype }: CumsumShape, operands: readonly Operand[], element: Element, write: Write): string {
  const totals = operands[1]!.name;
  const carry = `
  for (var s = 0u; s < segment; s++) { before += ${totals}[s * ${lines} + line]; }`;
  const read = (j: number): string => element(`(at + ${j}u)`);
  const step =
    phase === 'totals'
      ? `small += (${read(0)} + ${read(1)}) + (${read(2)} + ${read(3)});`
      : [0, 1, 2, 3].map(j => `small += ${read(j)}; ${write(`(at + ${j}u)`, 'start + small')}`).join(' ');
  const rest = phase === 'totals' ? `small += ${element('at')};` : `small += ${element('at')}; ${write('at', 'start + small')}`;
  return `var before: ${registerOf(dtype)} = none;
  ${phase === 'sums' ? carry : ''}
  var at = first;
  while (at < end) {
    let end_of_middle = min(end, at + 1024u);
    var middle = none;
    while (at < end_of_middle) {
      let end_of_small = min(end_of_middle, at + 32u);
      var small = none;
      ${phase === 'totals' ? '' : 'let start = before + middle;'}
      while (at + 3u < end_of_small) { ${step} at += 4u; }
      while (at < end_of_small) { ${rest} at++; }
      middle += small;
    }
    before += middle;
  }
  ${phase === 'totals' ? `${operands[1]!.name}[unit] = before;` : ''}`;
}

/** Names of the elements that a thread of a tile holds. */
const held = Array.from({ length: perThread }, (_, j) => `e${j}`);

/** The threads of a workgroup share a segment: each has some elements side by side, whose sums are scanned in workgroup memory. */
function tileCode({ phase, dtype }: CumsumShape, operands: readonly Operand[], element: Element, write: Write): string {
  const at = (j: number): string => `(mine + ${j}u)`;
  const loads = held.map((name, j) => `var ${name} = none; if (${at(j)} < end) { ${name} = ${element(at(j))}; }`);
  const sums = held.slice(1).map((name, j) => `${name} += e${j};`);
  const last = held.at(-1)!;
  const load = `let mine = first + thread * ${perThread}u;
  ${[...loads, ...sums].join('\n  ')}`;
  if (phase === 'totals') {
    return `${load}
  let total = ${mergeCall(sharing, 'merge_sum', last, 'thread')};
  if (thread == 0u) { ${operands[1]!.name}[unit] = total; }`;
  }
  const carry = `var part = none;
  for (var s = thread; s < segment; s += ${tileThreads}u) { part += ${operands[1]!.name}[s * ${lines} + line]; }
  let carry = ${mergeCall(sharing, 'merge_sum', 'part', 'thread')};`;
  return `${load}
  ${phase === 'sums' ? carry : `let carry: ${registerOf(dtype)} = none;`}
  let before = carry + sum_before(${last}, thread);
  ${held.map((name, j) => `if (${at(j)} < end) { ${write(at(j), `before + ${name}`)} }`).join('\n  ')}`;
}

/** `sum_before`: the sum of what the threads before this one give, by runs of 16. */
function tileLibrary({ phase, dtype }: CumsumShape): string {
  const register = registerOf(dtype);
  const merge = phase === 'whole' ? '' : mergeFunction(sharing, 'merge_sum', arithmetic('sum', register));
  if (phase === 'totals') return merge;
  return `${merge}
var<workgroup> runs: array<${register}, ${tileThreads}>;
var<workgroup> ends: array<${register}, ${tileThreads / 16}>;
fn sum_before(own: ${register}, thread: u32) -> ${register} {
  runs[thread] = own;
  workgroupBarrier();
  if (thread < ${tileThreads / 16}u) {
    var sum = ${register}(0);
    for (var k = thread * 16u; k < thread * 16u + 16u; k++) { sum += runs[k]; runs[k] = sum; }
    ends[thread] = sum;
  }
  workgroupBarrier();
  var before = ${register}(0);
  for (var k = 0u; k < thread / 16u; k++) { before += ends[k]; }
  if (thread % 16u > 0u) { before += runs[thread - 1u]; }
  return before;
}`;
}
