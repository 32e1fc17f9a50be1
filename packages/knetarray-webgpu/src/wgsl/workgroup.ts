/** Merging the states of the threads of a workgroup. */
import type { Merge } from './combine.js';

/** How threads share outputs: `lanes` of them work on each. */
export interface Sharing {
  /** Threads of a workgroup. */
  readonly threads: number;
  /** A power of two. */
  readonly lanes: number;
  /** Whether neighbouring threads work on the same output, or on neighbouring ones. */
  readonly adjacent: 'lanes' | 'outputs';
  /** Whether subgroup operations are used; then all threads work on one output. */
  readonly subgroups: boolean;
}

/** WGSL of a thread's lane number, from its number in the workgroup. */
export function laneOf({ threads, lanes, adjacent }: Sharing, thread: string): string {
  return adjacent === 'lanes' ? `(${thread} % ${lanes}u)` : `(${thread} / ${threads / lanes}u)`;
}

/** WGSL of the output, within those of its workgroup, that a thread works on. */
export function placeOf({ threads, lanes, adjacent }: Sharing, thread: string): string {
  return adjacent === 'lanes' ? `(${thread} / ${lanes}u)` : `(${thread} % ${threads / lanes}u)`;
}

/** Builtins that a main function takes for subgroups. */
export function subgroupBuiltins({ subgroups }: Sharing): string {
  return subgroups ? ', @builtin(subgroup_invocation_id) member: u32, @builtin(subgroup_size) members: u32' : '';
}

/** Call of the function `name` that {@link mergeFunction} makes: the states of all lanes of the output in one, for each of them. */
export function mergeCall({ subgroups }: Sharing, name: string, state: string, thread: string): string {
  return `${name}(${state}, ${thread}${subgroups ? ', member, members' : ''})`;
}

/**
 * The function that {@link mergeCall} calls, once in a shader and in uniform control flow. The order depends on nothing but the
 * numbers of threads. Without subgroups some lanes merge an equal share each, and then all merge theirs: fewer barriers than a
 * tree of pairs has.
 */
export function mergeFunction(sharing: Sharing, name: string, how: Merge): string {
  const { threads, lanes, adjacent, subgroups } = sharing;
  const { type, neutral } = how;
  const memory = `var<workgroup> ${name}_parts: array<${type}, ${threads}>;`;
  if (subgroups) {
    // Which threads form a subgroup is not said: each writes at its own number, all but the first of each nothing.
    return `
${memory}
fn ${name}(state: ${type}, thread: u32, member: u32, members: u32) -> ${type} {
  let part = ${how.subgroup('state')};
  ${name}_parts[thread] = select(${neutral}, part, member == 0u);
  workgroupBarrier();
  var all = ${neutral};
  for (var k = 0u; k < ${threads}u; k += members) { all = ${how.merge('all', `${name}_parts[k + member]`)}; }
  return ${how.subgroup('all')};
}`;
  }
  const parts = lanes > 64 ? 16 : lanes > 16 ? 4 : 1;
  const step = adjacent === 'lanes' ? 1 : threads / lanes;
  return `
${memory}
fn ${name}(state: ${type}, thread: u32) -> ${type} {
  let lane = ${laneOf(sharing, 'thread')};
  let start = ${adjacent === 'lanes' ? `thread - lane` : placeOf(sharing, 'thread')};
  ${name}_parts[thread] = state;
  workgroupBarrier();
  var part = state;
  if (lane < ${parts}u) {
    for (var k = lane + ${parts}u; k < ${lanes}u; k += ${parts}u) { part = ${how.merge('part', `${name}_parts[start + k * ${step}u]`)}; }
  }
  workgroupBarrier();
  if (lane < ${parts}u) { ${name}_parts[thread] = part; }
  workgroupBarrier();
  var all = ${name}_parts[start];
  for (var k = 1u; k < ${parts}u; k++) { all = ${how.merge('all', `${name}_parts[start + k * ${step}u]`)}; }
  return all;
}`;
}
