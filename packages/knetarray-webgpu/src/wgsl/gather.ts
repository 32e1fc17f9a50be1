/** WGSL of selections along a dimension. */
import { type DType, isFloat } from '@knet/knetarray';
import { param, paramInt } from '../params.js';
import type { Operand } from '../shader.js';
import { isBytes, load, store, storeFunctions } from './elements.js';
import { type Indexing, indexingCode } from './indexing.js';

/** Threads of a workgroup. */
export const threads = 64;

/**
 * Words of the parameters, before those of the indexing: elements, length of the indexed dimension, number of positions, step along
 * the dimension of the listed view (which has an element per position) and of the other one, offset and step of the positions.
 */
const [size, length, count, listedStep, otherStep, listOffset, listStep] = [0, 1, 2, 3, 4, 5, 6];
const indexingWord = 7;

/** How `scatterAdd` adds up: integers in any order, by atomics; others slot by slot in order, looking for them or along a sorted list. */
export type Scatter = 'atomic' | 'scan' | 'sorted';

/** Runs `body` for `perThread` elements of the listed view, with `i` the number of one and `at` its position in the other view. */
function overElements(perThread: number, position: string, j: string, body: string): string {
  return `
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * ${threads * perThread}u + lane;
  for (var n = 0u; n < ${perThread}u; n++) {
    let i = first + n * ${threads}u;
    if (i >= ${param(size)}) { return; }
    ${position}
    let j = ${j};
    ${body}
  }
}`;
}

/** Function that reads a position of the list: `none` where it is negative, and where it lies beyond the dimension. */
function listFunction(indices: Operand): string {
  return `
const none = 0xffffffffu;
fn list(j: u32) -> u32 {
  let at = u32(${load(indices, 'int32', `u32(${paramInt(listOffset)} + i32(j) * ${paramInt(listStep)})`)});
  return select(none, at, at < ${param(length)});
}`;
}

/** Index in a view of the element of slice `slice`, from its index in slice 0. */
const sliceIndex = (base: string, slice: string, step: number): string => `(${base} + u32(i32(${slice}) * ${paramInt(step)}))`;

/** Operands: source, positions; output. Indexed: output, source at slice 0, j. */
export function gatherCode([source, indices, output]: readonly Operand[], dtype: DType, walk: Indexing, perThread: number): string {
  const { position, indices: places } = indexingCode(walk, indexingWord);
  const [to, from, j] = places;
  return `
${listFunction(indices!)}
${storeFunctions([output!], [dtype])}
${overElements(
  perThread,
  position,
  j!,
  `
    let at = list(j);
    var x = ${isFloat(dtype) ? '0.0' : '0'};
    if (at != none) { x = ${load(source!, dtype, sliceIndex(from!, 'at', otherStep))}; }
    ${store(output!, dtype, to!, 'x')}`,
)}`;
}

/** Operands: source, positions, for 'sorted' the sorted list; output. Indexed: source at slice 0, output at slice 0, j. */
export function scatterCode(operands: readonly Operand[], dtype: DType, walk: Indexing, scatter: Scatter, perThread: number): string {
  const [source, indices] = operands;
  const output = operands.at(-1)!;
  const { position, indices: places } = indexingCode(walk, indexingWord);
  const [from, to, j] = places;
  const term = (slice: string): string => load(source!, dtype, sliceIndex(from!, slice, listedStep));
  const target = sliceIndex(to!, 'at', otherStep);
  const add = scatter === 'atomic' ? addAtomic(output, dtype, term('j'), target) : addInOrder(operands, dtype, scatter, term, target);
  return `
${listFunction(indices!)}
${isBytes(dtype) ? addByteFunction(output) : ''}
${overElements(perThread, position, j!, add)}`;
}

function addAtomic({ name }: Operand, dtype: DType, term: string, target: string): string {
  const add = isBytes(dtype) ? `add_byte(${target}, u32(${term}))` : `atomicAdd(&${name}[${target}], ${term})`;
  return `
    let at = list(j);
    if (at != none) { ${add}; }`;
}

/** Adds to one byte of a word, without a carry into its neighbours. */
function addByteFunction({ name }: Operand): string {
  return `
fn add_byte(index: u32, x: u32) {
  let shift = (index & 3u) * 8u;
  var old = atomicLoad(&${name}[index >> 2u]);
  loop {
    let sum = ((old >> shift) + x) & 255u;
    let tried = atomicCompareExchangeWeak(&${name}[index >> 2u], old, (old & ~(255u << shift)) | (sum << shift));
    if (tried.exchanged) { break; }
    old = tried.old_value;
  }
}`;
}

/** The thread of the first slice that goes to a place adds all of them there, in their order; the others have nothing to do. */
function addInOrder(operands: readonly Operand[], dtype: DType, scatter: Scatter, term: (slice: string) => string, target: string): string {
  const [, , order] = operands;
  const output = operands.at(-1)!;
  // The sum of halves is rounded once.
  const begin = `var sum = ${load(output, dtype, target)};`;
  const end = store(output, dtype, target, 'sum');
  if (scatter === 'sorted') {
    const sorted = (k: string): string => `u32(${load(order!, 'int32', k)})`;
    return `
    let at = list(${sorted('j')});
    if (at == none) { continue; }
    if (j > 0u) { if (list(${sorted('j - 1u')}) == at) { continue; } }
    ${begin}
    for (var k = j; k < ${param(count)}; k++) {
      let slice = ${sorted('k')};
      if (list(slice) != at) { break; }
      sum += ${term('slice')};
    }
    ${end}`;
  }
  return `
    let at = list(j);
    if (at == none) { continue; }
    var k = 0u;
    while (k < j && list(k) != at) { k++; }
    if (k < j) { continue; }
    ${begin}
    for (; k < ${param(count)}; k++) {
      if (list(k) == at) { sum += ${term('k')}; }
    }
    ${end}`;
}
