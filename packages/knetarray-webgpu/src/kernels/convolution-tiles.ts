/** Convolutions as matrix products whose matrices are never made: their structure, and the parameters of their dispatches. */
import { Words } from '../wgsl/words.js';
import type { Axis, Sums } from './convolution-axes.js';
import type { Dispatch } from './convolution-direct.js';

/** The part of a product that a workgroup of 256 threads computes. */
interface Tile {
  readonly rows: number;
  readonly columns: number;
  /** Products of an element between two visits of memory. */
  readonly depth: number;
  /** Rows and columns of one thread. */
  readonly threadRows: number;
  readonly threadColumns: number;
}

const square: Tile = { rows: 64, columns: 64, depth: 16, threadRows: 4, threadColumns: 4 };
const narrow: Tile = { rows: 128, columns: 32, depth: 16, threadRows: 4, threadColumns: 4 };
const large: Tile = { rows: 128, columns: 128, depth: 8, threadRows: 8, threadColumns: 8 };

/** Workgroups that keep a GPU busy. */
const enough = 256;

/** What tells shaders of tiles apart. */
export interface TileStructure extends Tile {
  /** Forward, rows are positions, and taps are summed over; in the gradient of filters the other way around. */
  readonly gradient: boolean;
  readonly rank: number;
  readonly padded: boolean;
  readonly phased: boolean;
  readonly grouped: boolean;
}

/** The dispatch of a convolution, or of the gradient of filters: then `splits` of them, one after the other. */
export function tileDispatch(sums: Sums, gradient: boolean): { dispatch: Dispatch<TileStructure>; splits: number } {
  const { axes, in: input, out, w, groups, padded, phased, outputs, batch } = sums;
  const elements = product(axes, axis => axis.taps) * sums.depth;
  const positions = product(axes, axis => Math.ceil(axis.length / axis.phases)) * batch;
  const phases = product(axes, axis => axis.phases);
  const rows = gradient ? elements : positions;
  const count = (tile: Tile): number => Math.ceil(rows / tile.rows) * Math.ceil(outputs / tile.columns) * groups * phases;
  const tile = outputs <= narrow.columns ? narrow : !gradient && count(large) >= enough ? large : square;
  const parts = gradient ? Math.ceil(enough / count(tile)) : 1;
  // A part has no fewer steps than it takes to sum up what it gives.
  const splitSteps = Math.max(8, Math.ceil(positions / (parts * tile.depth)));
  const splits = gradient ? Math.ceil(positions / (splitSteps * tile.depth)) : 1;
  const structure: TileStructure = { ...tile, gradient, rank: axes.length, padded, phased, grouped: groups > 1 };
  const words = new Words();
  words.put({ rowTiles: Math.ceil(rows / tile.rows), columnTiles: Math.ceil(outputs / tile.columns), elements, positions, outputs });
  words.put({ depth: sums.depth, splits, splitLength: splitSteps * tile.depth });
  let inStart = 0;
  axes.forEach((axis, d) => {
    const { taps, step, tapStep, inStride, start, dilation, padding, phases, phaseTaps } = axis;
    const length = Math.ceil(axis.length / phases);
    words.put({ length, taps, inStep: step * inStride, inTap: tapStep * inStride, wTap: axis.wStride, outStep: axis.stride }, d);
    if (padded) words.put({ input: axis.input, step, tapStep }, d);
    if (phased) words.put({ whole: axis.length, phases, phaseTaps, dilation, padding }, d);
    else {
      if (padded) words.put({ start }, d);
      inStart += start * inStride;
    }
  });
  words.put({ inStart, wStart: sums.wStart, inDepth: input.channel, inInstance: input.instance, wDepth: w.depth, wOutput: w.output });
  words.put({ outChannel: out.channel, outInstance: out.instance, wSplit: w.group * groups });
  if (structure.grouped) words.put({ groups, inGroup: input.group, wGroup: w.group, outGroup: out.group });
  const key = `tiles ${JSON.stringify(Object.values(structure))}`;
  return { dispatch: { structure, key, words, workgroups: count(tile) * splits }, splits };
}

function product(axes: readonly Axis[], of: (axis: Axis) => number): number {
  return axes.reduce((n, axis) => n * of(axis), 1);
}
