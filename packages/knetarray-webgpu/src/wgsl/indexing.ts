/** Positions and strides: the parameters of views, and the WGSL that turns the number of an element into its place. */
import { collapse, isContiguous, type View } from '@knet/knetarray';
import { type Params, param, paramInt } from '../params.js';

/** How an operand is walked: element after element, always the same one, or by strides. */
type Walk = 'run' | 'point' | 'strided';

/** Views of one shape, ready to be indexed by one number. */
export interface Indexing {
  /** Lengths of the merged dimensions; empty when nobody needs positions. */
  readonly shape: readonly number[];
  readonly walks: readonly Walk[];
  /** Per operand, for the merged dimensions. */
  readonly strides: readonly (readonly number[])[];
  /** Tells apart what needs different code: the rank and the walks. */
  readonly key: string;
}

/** Merges the dimensions of views seen through one shape. Where the views begin is left to {@link writeIndexing}. */
export function indexing(shape: readonly number[], views: readonly Pick<View, 'strides'>[]): Indexing {
  if (views.every(view => isContiguous(shape, view.strides))) {
    return { shape: [], walks: views.map(() => 'run'), strides: [], key: 'run' };
  }
  const merged = collapse(
    shape,
    views.map(view => view.strides),
  );
  const walks = merged.strides.map((strides): Walk => {
    if (strides.every(s => s === 0)) return 'point';
    return isContiguous(merged.shape, strides) ? 'run' : 'strided';
  });
  const strided = walks.includes('strided');
  const key = `${strided ? merged.shape.length : 0}:${walks.map(walk => walk[0]).join('')}`;
  return { shape: strided ? merged.shape : [], walks, strides: merged.strides, key };
}

/** Words that the parameters of an indexing take. */
export function indexingWords({ shape, walks }: Indexing): number {
  let words = shape.length + walks.length;
  for (let k = 0; k < walks.length; k++) if (walks[k] === 'strided') words += shape.length;
  return words;
}

/**
 * Writes the parameters of an indexing: lengths, then for each operand its offset and, where it needs them, strides.
 *
 * @param offsets - element at which each operand begins in what is bound for it
 */
export function writeIndexing(params: Params, { shape, walks, strides }: Indexing, offsets: readonly number[]): void {
  params.i32s(shape);
  for (let k = 0; k < walks.length; k++) {
    params.u32(offsets[k]!);
    if (walks[k] === 'strided') params.i32s(strides[k]!);
  }
}

/** WGSL of an indexing whose parameters begin at word `at`. */
export interface IndexingCode {
  /** Statements that compute the position of element `i` (a u32 variable), if anybody needs it. */
  readonly position: string;
  /** For each operand, the expression of its index. */
  readonly indices: readonly string[];
  /** Word after the last parameter. */
  readonly end: number;
}

/** See {@link IndexingCode}. Names it declares begin with `prefix`. */
export function indexingCode({ shape, walks }: Indexing, at: number, i = 'i', prefix = 'x'): IndexingCode {
  const rank = shape.length;
  const lines: string[] = [];
  let rest = i;
  for (let d = 0; d < rank; d++) {
    const length = param(at + d);
    if (d === rank - 1) lines.push(`let ${prefix}${d} = i32(${rest});`);
    else {
      lines.push(`let ${prefix}${d} = i32(${rest} % ${length});`, `let ${prefix}r${d} = ${rest} / ${length};`);
      rest = `${prefix}r${d}`;
    }
  }
  let word = at + rank;
  const indices = walks.map(walk => {
    const offset = word++;
    if (walk === 'run') return `(${param(offset)} + ${i})`;
    if (walk === 'point') return param(offset);
    const terms = Array.from({ length: rank }, (_, d) => `${prefix}${d} * ${paramInt(word + d)}`);
    word += rank;
    return `u32(${paramInt(offset)} + ${terms.join(' + ')})`;
  });
  return { position: lines.join('\n    '), indices, end: word };
}
