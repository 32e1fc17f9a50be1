/**
 * Shaders of reductions. The reduced elements of an output form rows along the reduced dimension that lies closest together, and
 * rows are cut in pieces; the lanes that share an output divide its pieces, or those of a segment of it.
 */
import { type Params, param, paramInt } from '../params.js';
import { type Combiner, subgroupFunctions } from './combine.js';
import { laneOf, mergeCall, mergeFunction, placeOf, type Sharing, subgroupBuiltins } from './workgroup.js';

/** How the work of a reduction is divided. */
export interface Division {
  readonly outputs: number;
  /** Parts of an output that are reduced apart. */
  readonly segments: number;
  readonly groups: number;
  /** Length of rows. */
  readonly length: number;
  /** Elements of a piece. */
  readonly piece: number;
  readonly piecesPerRow: number;
  /** Of an output, and of a segment. */
  readonly pieces: number;
  readonly piecesPerSegment: number;
  /** Lanes that go through a piece together, as a power of two; the others have other pieces. */
  readonly lanesPerPiece: number;
}

/** Writes the parameters of a division: {@link divisionWords} of them. */
export function writeDivision(params: Params, d: Division, offset: number): Params {
  params.u32(d.outputs).u32(d.segments).u32(d.length).u32(d.piece).u32(d.piecesPerRow);
  return params.u32(d.pieces).u32(d.piecesPerSegment).u32(d.lanesPerPiece).u32(offset);
}

/** Words that {@link writeDivision} writes. */
export const divisionWords = 9;
/** WGSL of the number of outputs. */
export const outputs: string = param(0);
const [segments, length, piece, piecesPerRow, pieces, piecesPerSegment, lanesPerPiece] = [1, 2, 3, 4, 5, 6, 7].map(param);
/** WGSL of the last word of {@link writeDivision}: the first element of the output. */
export const outputOffset: string = param(8);

/** What a reduction reads. */
export interface Source {
  /** Declarations. */
  readonly library: string;
  /** Number of inputs. */
  readonly inputs: number;
  /** Reduced dimensions. */
  readonly rank: number;
  /** Word where the lengths of the reduced dimensions but the first begin, and after them each input's strides along all. */
  readonly word: number;
  /** Statements, and then expressions (i32), of where each input has the first element of output `o`. */
  readonly position: string;
  readonly bases: readonly string[];
  /** Instructions that an element costs, about. Long code is not repeated in the body of a loop: drivers would take minutes for it. */
  readonly cost: number;
  /** State of one element, from its indices (u32) and its position along the first reduced dimension (i32). */
  state(indices: readonly string[], position: string): string;
}

/** Elements that are added to each other before they are added to the rest, whatever computes them: so the bits do not depend on it. */
const together = 4;

/** Pieces that are merged before they are added to the rest, so that rounding errors stay small. */
const level = 16;

/**
 * WGSL of a reduction.
 * @param write - statements that store the state `total` of output `o` and of `segment`
 */
export function reductionCode(source: Source, combiner: Combiner, sharing: Sharing, library: string, write: string): string {
  const { threads, lanes } = sharing;
  const alone = lanes === 1;
  return `
${source.library}
${combiner.library}
${sharing.subgroups && combiner.words === 2 ? subgroupFunctions : ''}
${alone ? '' : mergeFunction(sharing, 'merge_lanes', combiner)}
${library}
fn reduce_lane(o: u32, segment: u32, lane: u32) -> ${combiner.type} {
  ${laneCode(source, combiner, lanes)}
}
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) thread: u32${subgroupBuiltins(sharing)}) {
  let number = group.y * groups.x + group.x;
  ${alone ? aloneCode(threads, write) : sharedCode(sharing, combiner, write)}
}`;
}

function aloneCode(threads: number, write: string): string {
  return `let i = number * ${threads}u + thread;
  if (i >= ${outputs} * ${segments}) { return; }
  let o = i % ${outputs};
  let segment = i / ${outputs};
  let total = reduce_lane(o, segment, 0u);
  ${write}`;
}

function sharedCode(sharing: Sharing, combiner: Combiner, write: string): string {
  const width = sharing.threads / sharing.lanes;
  return `let tiles = (${outputs} + ${width - 1}u) / ${width}u;
  if (number >= tiles * ${segments}) { return; }
  let o = (number % tiles) * ${width}u + ${placeOf(sharing, 'thread')};
  let segment = number / tiles;
  let lane = ${laneOf(sharing, 'thread')};
  var own = ${combiner.neutral};
  if (o < ${outputs}) { own = reduce_lane(o, segment, lane); }
  let total = ${mergeCall(sharing, 'merge_lanes', 'own', 'thread')};
  if (lane == 0u && o < ${outputs}) {
    ${write}
  }`;
}

/** What one lane reduces: every so many pieces of the segment, and every so many elements of these. */
function laneCode(source: Source, { type, neutral, merge }: Combiner, lanes: number): string {
  const alone = lanes === 1;
  const { inputs, rank, word, cost } = source;
  const all = Array.from({ length: inputs }, (_, k) => k);
  const stride = (k: number, d: number): string => paramInt(word + rank - 1 + k * rank + d);
  // Digits of the row along the other reduced dimensions.
  const digits: string[] = [];
  let rest = 'row';
  for (let d = 1; d < rank; d++) {
    if (d === rank - 1) digits.push(`let d${d} = i32(${rest});`);
    else digits.push(`let d${d} = i32(${rest} % ${param(word + d - 1)});`, `let rest${d} = ${rest} / ${param(word + d - 1)};`);
    rest = `rest${d}`;
  }
  const begin = (k: number): string => {
    const terms = digits.length === 0 ? [] : Array.from({ length: rank - 1 }, (_, d) => ` + d${d + 1} * ${stride(k, d + 1)}`);
    return `base${k} + i32(at) * ${stride(k, 0)}${terms.join('')}`;
  };
  const state = (j: number | string): string =>
    source.state(
      all.map(k => (j === 0 ? `u32(i${k})` : `u32(i${k} + ${j} * step${k})`)),
      j === 0 ? 'i32(at)' : `i32(at) + ${j} * i32(lanes)`,
    );
  const states = Array.from({ length: together }, (_, j) => (cost > 16 ? `each[${j}]` : state(j)));
  const go = (n: number): string => `at += ${n}u * lanes; ${all.map(k => `i${k} += ${n} * step${k};`).join(' ')}`;
  return `${alone ? 'let lanes = 1u;' : `let lanes = ${lanesPerPiece};`}
  ${source.position}
  ${all.map(k => `let base${k} = ${source.bases[k]}; let step${k} = i32(lanes) * ${stride(k, 0)};`).join('\n  ')}
  let stop = min(${pieces}, (segment + 1u) * ${piecesPerSegment});
  var total = ${neutral};
  var some = ${neutral};
  var merged = 0u;
  ${alone ? 'let inner = 0u; let pieceStep = 1u;' : `let inner = lane % lanes; let pieceStep = ${lanes}u / lanes;`}
  for (var p = segment * ${piecesPerSegment}${alone ? '' : ' + lane / lanes'}; p < stop; p += pieceStep) {
    ${rank === 1 ? `let first = p * ${piece};` : `let row = p / ${piecesPerRow}; let first = (p % ${piecesPerRow}) * ${piece};`}
    ${digits.join(' ')}
    let end = min(${length}, first + ${piece});
    var at = first + inner;
    ${all.map(k => `var i${k} = ${begin(k)};`).join('\n    ')}
    var part = ${neutral};
    ${cost > 16 ? `var each: array<${type}, ${together}>;` : ''}
    while (at + ${together - 1}u * lanes < end) {
      ${cost > 16 ? `for (var j = 0; j < ${together}; j++) { each[j] = ${state('j')}; }` : ''}
      part = ${merge('part', tree(states, merge))};
      ${go(together)}
    }
    while (at < end) {
      part = ${merge('part', state(0))};
      ${go(1)}
    }
    some = ${merge('some', 'part')};
    merged++;
    if (merged == ${level}u) {
      total = ${merge('total', 'some')};
      some = ${neutral};
      merged = 0u;
    }
  }
  return ${merge('total', 'some')};`;
}

/** Neighbours are merged first, then pairs of them. */
function tree(states: readonly string[], merge: (a: string, b: string) => string): string {
  if (states.length === 1) return states[0]!;
  const half = states.length / 2;
  return merge(tree(states.slice(0, half), merge), tree(states.slice(half), merge));
}
