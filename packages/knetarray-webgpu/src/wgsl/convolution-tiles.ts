/**
 * Convolution as a product of matrices in tiles, for GPUs: threads of a workgroup gather the elements of a tile from where they lie
 * into shared memory, and each computes a block of the product from there.
 *
 * Forward, rows are positions, columns are output channels, and the sum goes over taps. In the gradient of filters rows are taps,
 * and the sum goes over positions. Positions and taps each have a place in the input; an element is at the sum of the two.
 */
import type { DType } from '@knet/knetarray';
import type { TileStructure } from '../kernels/convolution-tiles.js';
import { paramFloat } from '../params.js';
import type { Operand } from '../shader.js';
import { changeable, firstTapFunction, phaseCode } from './convolution-phases.js';
import { load, store } from './elements.js';
import { both, declare, lines, range, take } from './words.js';

const threads = 256;
/** Steps after which sums are added to sums of such sums, where there are registers for it. */
const chunk = 16;

/** WGSL of `tileDispatch`, whose parameters have these names. Operands: w, in, out or, for the gradient, in, out, w. */
export function tileCode(s: TileStructure, names: readonly string[], dtype: DType, to: DType, operands: readonly Operand[]): string {
  const { gradient, rank, rows: M, columns: N, depth: K, threadRows: R, threadColumns: C, phased, grouped } = s;
  const firsts = gradient ? ['inFirst', 'outFirst', 'wFirst'] : ['wFirst', 'inFirst', 'outFirst'];
  const rowThreads = M / R;
  const chunked = R * C <= 16;
  const taps = range(rank).map(d => ` * taps${d}`);
  return `
var<workgroup> left: array<f32, ${K * (M + 1)}>;
var<workgroup> right: array<f32, ${K * (N + 1)}>;
// Where the summed elements of the current step are: in the input, with the positions along its axes, and in the other operand.
var<workgroup> places: array<vec4<i32>, ${K}>;
var<workgroup> others: array<i32, ${K}>;
${phased ? firstTapFunction : ''}
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) counts: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  ${changeable(declare([...firsts, ...names], 1))}
  let lane = i32(index);
  var xi = inFirst + inStart;
  var wi = wFirst + wStart;
  var yi = outFirst;
  var rest = i32(group.y * counts.x + group.x);
  ${take('columnTile', 'columnTiles')}
  ${take('rowTile', 'rowTiles')}
  ${grouped ? `${take('g', 'groups')} xi += g * inGroup; wi += g * wGroup; yi += g * outGroup;` : ''}
  ${phased ? phaseCode(rank) : ''}
  if (rest >= splits) { return; }
  let firstRow = rowTile * ${M};
  let firstColumn = columnTile * ${N};
  ${
    gradient
      ? 'wi += rest * wSplit; let first = rest * splitLength; let end = min(first + splitLength, positions);'
      : `let first = 0; let end = depth${taps.join('')};`
  }
  // The rows that this thread gathers. In tiles its neighbours take the next elements of memory.
  ${gradient ? lines((M * K) / threads, i => tapPlace(s, `a${i}_`, `firstRow + ${gatheredRow(s, i)}`), '\n  ') : positionPlace(s, 'a0_', `firstRow + ${gatheredRow(s, 0)}`)}
  ${lines(R * C, i => `var s${i} = 0.0;`, ' ')}
  ${chunked ? lines(R * C, i => `var total${i} = 0.0;`, ' ') : ''}
  if (lane < ${K}) { ${summedPlace(s, 'first + lane')} }
  workgroupBarrier();
  for (var at = first; at < end; at += ${K}) {
    ${gatherCode(s, dtype, operands)}
    workgroupBarrier();
    if (lane < ${K}) { ${summedPlace(s, `at + ${K} + lane`)} }
    for (var k = 0; k < ${K}; k++) {
      let l = k * ${M + 1} + lane % ${rowThreads};
      let r = k * ${N + 1} + lane / ${rowThreads};
      ${lines(R, i => `let l${i} = left[l + ${i * rowThreads}];`, ' ')}
      ${lines(C, j => `let r${j} = right[r + ${(j * N) / C}];`, ' ')}
      ${lines(R * C, i => `s${i} += l${Math.floor(i / C)} * r${i % C};`, ' ')}
    }
    ${chunked ? `if ((at - first) % ${chunk * K} == ${(chunk - 1) * K}) { ${lines(R * C, i => `total${i} += s${i}; s${i} = 0.0;`, ' ')} }` : ''}
    workgroupBarrier();
  }
  ${chunked ? lines(R * C, i => `s${i} += total${i};`, ' ') : ''}
  let alpha = ${paramFloat(0)};
  ${lines(R, i => storeCode(s, i, to, operands[2]!))}
}`;
}

/** The row of element `i` of those of a tile that a thread gathers. */
function gatheredRow({ gradient, rows, depth }: TileStructure, i: number): string {
  return gradient ? `(lane / ${depth} + ${(i * threads) / depth})` : `(lane % ${rows})`;
}

/** Where position number `number` is: `x` in the input, `c0`, .. along its axes, `y` in the output, and `at0`, .. along the axes. */
function positionPlace({ rank, padded, phased }: TileStructure, prefix: string, number: string): string {
  const axes = range(rank);
  const takes = axes.map(d => take(`${prefix}at${d}`, phased ? `longest${d}` : `length${d}`));
  const sum = (name: string): string => axes.map(d => `${prefix}at${d} * ${name}${d}`).join(' + ');
  const along = padded ? axes.map(d => `let ${prefix}c${d} = ${prefix}at${d} * step${d} + start${d};`) : [];
  return `rest = min(${number}, positions - 1); ${takes.join(' ')}
  let ${prefix}x = rest * inInstance + ${sum('inStep')}; let ${prefix}y = rest * outInstance + ${sum('outStep')}; ${along.join(' ')}`;
}

/** Where tap number `number` is: `x` and `c0`, .. relative to positions, `w` in the filter. */
function tapPlace({ rank, padded, gradient }: TileStructure, prefix: string, number: string): string {
  const axes = range(rank);
  const takes = axes.map(d => take(`${prefix}tap${d}`, `max(taps${d}, 1)`));
  const sum = (name: string): string => axes.map(d => `${prefix}tap${d} * ${name}${d}`).join(' + ');
  const along = padded ? axes.map(d => `let ${prefix}c${d} = ${prefix}tap${d} * tapStep${d};`) : [];
  return `rest = min(${number}, ${gradient ? 'elements' : 'end'} - 1); ${takes.join(' ')}
  let ${prefix}x = rest * inDepth + ${sum('inTap')}; let ${prefix}w = rest * wDepth + ${sum('wTap')}; ${along.join(' ')}`;
}

/** Writes down where one of the elements of the next step is, which are summed over. */
function summedPlace(s: TileStructure, number: string): string {
  const along = range(3).map(d => (s.padded && d < s.rank ? `next_c${d}` : '0'));
  return `${s.gradient ? positionPlace(s, 'next_', number) : tapPlace(s, 'next_', number)}
      places[lane] = vec4<i32>(next_x, ${along.join(', ')});
      others[lane] = ${s.gradient ? 'next_y' : 'next_w'};`;
}

/** Fills the tiles. What lies beyond the last summed element counts for 0 in both, as it may be anything. */
function gatherCode(s: TileStructure, dtype: DType, operands: readonly Operand[]): string {
  const { gradient, rank, rows: M, columns: N, depth: K, padded } = s;
  const [x, other] = gradient ? [operands[0]!, operands[1]!] : [operands[1]!, operands[0]!];
  const left = lines((M * K) / threads, i => {
    const prefix = gradient ? `a${i}_` : 'a0_';
    const k = gradient ? `(lane % ${K})` : `(lane / ${M} + ${(i * threads) / M})`;
    const inside = padded ? range(rank).map(d => `u32(${prefix}c${d} + place.${'yzw'[d]}) < u32(input${d})`) : [];
    return `{ let place = places[${k}];
    left[${k} * ${M + 1} + ${gatheredRow(s, i)}] = select(0.0, ${load(x, dtype, `xi + ${prefix}x + place.x`)}, ${both(`at + ${k} < end`, ...inside)}); }`;
  });
  const right = lines((N * K) / threads, i => {
    const [k, column] = [`(lane % ${K})`, `(lane / ${K} + ${(i * threads) / K})`];
    const index = gradient ? `yi + (firstColumn + ${column}) * outChannel` : `wi + (firstColumn + ${column}) * wOutput`;
    return `right[${k} * ${N + 1} + ${column}] = select(0.0, ${load(other, dtype, `${index} + others[${k}]`)}, at + ${k} < end);`;
  });
  return `${left}\n    ${right}`;
}

/** Writes row `i` of those of a thread. */
function storeCode(s: TileStructure, i: number, to: DType, output: Operand): string {
  const { gradient, rank, rows: M, columns: N, threadRows: R, threadColumns: C, phased } = s;
  const row = `firstRow + lane % ${M / R} + ${(i * M) / R}`;
  const within = phased ? range(rank).map(d => `out_at${d} < length${d}`) : [];
  const columns = range(C).map(j => {
    const column = `(firstColumn + lane / ${M / R} + ${(j * N) / C})`;
    const place = gradient ? `wi + out_w + ${column} * wOutput` : `yi + out_y + ${column} * outChannel`;
    return `if (${column} < outputs) { ${store(output, to, place, `alpha * s${i * C + j}`)} }`;
  });
  return `{
    ${gradient ? tapPlace(s, 'out_', row) : positionPlace(s, 'out_', row)}
    if (${both(`${row} < ${gradient ? 'elements' : 'positions'}`, ...within)}) { ${columns.join(' ')} }
  }`;
}
