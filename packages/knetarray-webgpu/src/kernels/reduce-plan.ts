/** How reductions are laid out and divided among threads. */
import { collapse, type Shape, type View } from '@knet/knetarray';
import { type Indexing, indexing } from '../wgsl/indexing.js';
import type { Division } from '../wgsl/reduction.js';
import type { Sharing } from '../wgsl/workgroup.js';

/** The dimensions of a reduction, kept and reduced ones apart. */
export interface Layout {
  /** The inputs at the first reduced element of each output. */
  readonly kept: Indexing;
  /** Lengths of the reduced dimensions, those whose elements lie closest together first; at least one. */
  readonly lengths: readonly number[];
  /** Per input, along the reduced dimensions. */
  readonly strides: readonly (readonly number[])[];
  /** Whether reduced elements or outputs lie closer together. */
  readonly adjacent: 'lanes' | 'outputs';
}

/** Separates the dimensions where the output has length 1 from the others. */
export function layout(inputs: readonly View[], shape: Shape, outputShape: Shape): Layout {
  const reduced: number[] = [];
  const kept: number[] = [];
  for (let d = 0; d < shape.length; d++) {
    if (shape[d] !== outputShape[d]) reduced.push(d);
    else if (shape[d] !== 1) kept.push(d);
  }
  // Most elements are those of the input that is repeated least.
  let main = inputs[0];
  for (const view of inputs) if (repeated(view, shape) < repeated(main!, shape)) main = view;
  const distance = (d: number): number => Math.abs(main?.strides[d] ?? 0) || Number.POSITIVE_INFINITY;
  if (reduced.length > 1) reduced.sort((a, b) => distance(a) - distance(b) || a - b);
  const merged = collapse(
    reduced.map(d => shape[d]!),
    inputs.map(({ strides }) => reduced.map(d => strides[d]!)),
  );
  const keptShape = kept.map(d => shape[d]!);
  const nearest = Math.min(...kept.map(distance));
  return {
    kept: indexing(
      keptShape,
      inputs.map(view => ({ ...view, shape: keptShape, strides: kept.map(d => view.strides[d]!) })),
    ),
    lengths: merged.shape.length === 0 ? [1] : merged.shape,
    strides: merged.shape.length === 0 ? inputs.map(() => [0]) : merged.strides,
    adjacent: reduced.length > 0 && nearest < distance(reduced[0]!) ? 'outputs' : 'lanes',
  };
}

/** Number of elements of the shape that a view shows more than once, in a way: the product of the lengths it does not walk. */
function repeated({ strides }: View, shape: Shape): number {
  let n = 1;
  for (let d = 0; d < shape.length; d++) if (strides[d] === 0) n *= shape[d]!;
  return n;
}

/** A reduction to divide. */
export interface Work {
  readonly outputs: number;
  readonly lengths: readonly number[];
  readonly adjacent: 'lanes' | 'outputs';
  /** True when outputs may not be reduced in segments. */
  readonly whole?: boolean;
}

/** Work, divided. */
export interface Plan {
  readonly division: Division;
  readonly sharing: Sharing;
  /** Tells apart what needs different code. */
  readonly key: string;
}

/** Most elements of a piece that one lane adds up, so that rounding errors stay small. */
const longestPiece = 256;
/** Most segments of an output. */
const mostSegments = 256;

/** Divides work for a GPU or, in software, for few threads that share nothing. */
export function divide({ software, subgroups }: { software: boolean; subgroups: boolean }, work: Work): Plan {
  const { outputs, lengths, whole = false } = work;
  const length = lengths[0]!;
  let rows = 1;
  for (let d = 1; d < lengths.length; d++) rows *= lengths[d]!;
  const elements = length * rows;
  const sharing = software ? softwareSharing : gpuSharing(work, elements, subgroups);
  const { threads, lanes } = sharing;
  const tiles = Math.ceil(outputs / (threads / lanes));
  const perLane = elements / lanes;
  const wanted = software
    ? Math.max(Math.min(Math.floor(perLane / 512), Math.ceil(128 / outputs)), Math.ceil(perLane / 65536))
    : Math.max(Math.min(Math.floor(perLane / 16), lanes === 1 ? 1 : Math.ceil(256 / tiles)), Math.ceil(perLane / 8192));
  const most = whole ? 1 : Math.min(Math.max(wanted, 1), mostSegments);
  const lanesPerPiece = sharing.adjacent === 'outputs' ? 1 : Math.min(lanes, 2 ** Math.ceil(Math.log2(Math.max(length, 1))));
  const together = lanes / lanesPerPiece;
  // So many pieces that there is one for all, if rows are few; of equal length.
  const cuts = Math.max(Math.ceil((together * most) / Math.max(rows, 1)), Math.ceil(length / (longestPiece * lanesPerPiece)), 1);
  const piece = Math.max(Math.ceil(length / cuts / lanesPerPiece) * lanesPerPiece, 1);
  const piecesPerRow = Math.ceil(length / piece);
  const pieces = rows * piecesPerRow;
  const piecesPerSegment = Math.max(Math.ceil(Math.ceil(pieces / most) / together) * together, 1);
  const segments = Math.max(Math.ceil(pieces / piecesPerSegment), 1);
  const groups = lanes === 1 ? Math.ceil((outputs * segments) / threads) : tiles * segments;
  return {
    division: { outputs, segments, groups, length, piece, piecesPerRow, pieces, piecesPerSegment, lanesPerPiece },
    sharing,
    key: `${lanes}${sharing.adjacent[0]}`,
  };
}

const softwareSharing: Sharing = { threads: 16, lanes: 1, adjacent: 'outputs', subgroups: false };

function gpuSharing({ outputs, adjacent }: Work, elements: number, subgroups: boolean): Sharing {
  // One thread for each output.
  if (elements <= 32 || (adjacent === 'outputs' && outputs >= 16384)) return { threads: 64, lanes: 1, adjacent, subgroups: false };
  // Runs of outputs, each by some threads far from each other.
  if (adjacent === 'outputs' && outputs >= 16) return { threads: 256, lanes: 8, adjacent, subgroups: false };
  // Neighbouring threads take neighbouring elements.
  const lanes = elements <= 512 ? 32 : 256;
  return { threads: 256, lanes, adjacent: 'lanes', subgroups: subgroups && lanes === 256 };
}
