/** Direct gradient of filters: its structure, and the parameters of its dispatches. */
import { range, Words } from '../wgsl/words.js';
import type { Sums } from './convolution-axes.js';
import type { Dispatch } from './convolution-direct.js';

/** How the direct gradient is divided among threads. */
export interface GradientBlocks {
  /** Taps of the first axis that are written out, or 1: then a thread has one tap. More need step and tapStep 1. */
  readonly taps: number;
  /** Groups of four elements, each with the written taps, that four threads compute. */
  readonly fours: number;
  readonly outputs: number;
  /** Positions along the first axis that are taken at once. */
  readonly positions: number;
  /** Four, or any multiple without subgroups. */
  readonly threads: number;
  readonly subgroups: boolean;
}

/** What tells shaders of the direct gradient apart. */
export interface GradientStructure extends GradientBlocks {
  readonly rank: number;
  /** The first axis whose taps belong to different threads. */
  readonly firstSpread: number;
  readonly padded: boolean;
  readonly grouped: boolean;
  /** Whether some positions are left over after the last block. */
  readonly part: boolean;
  readonly partOutputs: boolean;
}

/** The dispatch of the gradient, whose rows are divided into splits. Each writes a whole filter, one after the other. */
export function gradientDispatch(sums: Sums, blocks: GradientBlocks, splits: number): Dispatch<GradientStructure> {
  const { axes, in: input, out, w, groups } = sums;
  const structure: GradientStructure = {
    ...blocks,
    ...{ rank: axes.length, padded: sums.padded, grouped: groups > 1, firstSpread: blocks.taps > 1 ? 1 : 0 },
    part: axes[0]!.length % blocks.positions > 0,
    partOutputs: sums.outputs % blocks.outputs > 0,
  };
  const words = new Words();
  const elements = range(axes.length)
    .slice(structure.firstSpread)
    .reduce((n, d) => n * axes[d]!.taps, sums.depth);
  const elementBlocks = Math.ceil(elements / (4 * blocks.fours));
  const outputBlocks = Math.ceil(sums.outputs / blocks.outputs);
  const rows = axes.slice(1).reduce((n, { length }) => n * length, sums.batch);
  words.put({ elements, elementBlocks, outputBlocks, outputs: sums.outputs, rows, splitRows: Math.ceil(rows / splits), splits });
  words.put({ blocks: Math.floor(axes[0]!.length / blocks.positions) });
  let inStart = 0;
  axes.forEach(({ length, taps, wStride, step, tapStep, inStride, stride, start, input }, d) => {
    inStart += start * inStride;
    words.put({ length, taps, wTap: wStride, inStep: step * inStride, inTap: tapStep * inStride, outStep: stride }, d);
    if (sums.padded) words.put({ input, step, tapStep, start }, d);
  });
  words.put({ inStart, wStart: sums.wStart, inDepth: input.channel, inInstance: input.instance, wDepth: w.depth, wOutput: w.output });
  words.put({ outChannel: out.channel, outInstance: out.instance, wSplit: w.group * groups });
  if (structure.grouped) words.put({ groups, inGroup: input.group, wGroup: w.group, outGroup: out.group });
  const workgroups = Math.ceil((elementBlocks * outputBlocks * groups * splits * 4) / blocks.threads);
  return { structure, key: `gradient ${JSON.stringify(Object.values(structure))}`, words, workgroups };
}
