/** Direct convolution: its structure, and the parameters of its dispatches. */
import { Words } from '../wgsl/words.js';
import type { Sums } from './convolution-axes.js';

/** How direct convolution is divided among threads. */
export interface DirectBlocks {
  /** Taps of the first axis that are written out, or 1: then those of all axes are walked. More need step and tapStep 1. */
  readonly taps: number;
  /** Positions along the first axis that a thread computes. */
  readonly positions: number;
  /** Output channels that a thread computes. */
  readonly outputs: number;
  /** Whether the threads of a workgroup have the same row of different instances: then they skip the taps beyond the input. */
  readonly instances: boolean;
  readonly threads: number;
  readonly subgroups: boolean;
}

/** What is dispatched for a geometry. Its parameters come after alpha and the places where the three arrays begin. */
export interface Dispatch<S> {
  /** All that the code of the shader depends on, and the same as a key. */
  readonly structure: S;
  readonly key: string;
  readonly words: Words;
  readonly workgroups: number;
}

/** What tells shaders of direct convolution apart. */
export interface DirectStructure extends DirectBlocks {
  readonly rank: number;
  /** The first axis whose taps are walked. */
  readonly firstWalked: number;
  readonly padded: boolean;
  readonly phased: boolean;
  readonly grouped: boolean;
  /** Which positions along the first axis meet an input, in shaders where that is known: those of one block. */
  readonly known: { readonly start: number; readonly input: number } | undefined;
  /** Whether the last block of positions, of outputs may be a part. */
  readonly partPositions: boolean;
  readonly partOutputs: boolean;
}

function structureOf({ axes, outputs, padded, phased, groups }: Sums, blocks: DirectBlocks): DirectStructure {
  const { length, start, input } = axes[0]!;
  return {
    ...blocks,
    ...{ padded, phased, rank: axes.length, grouped: groups > 1, firstWalked: blocks.taps > 1 ? 1 : 0 },
    known: padded && blocks.taps > 1 && length === blocks.positions ? { start, input } : undefined,
    partPositions: phased || length % blocks.positions > 0,
    partOutputs: outputs % blocks.outputs > 0,
  };
}

/** The dispatch of a direct convolution. */
export function directDispatch(sums: Sums, blocks: DirectBlocks): Dispatch<DirectStructure> {
  const s = structureOf(sums, blocks);
  const { axes, phased, in: input, out, w, batch } = sums;
  // The longest phase is the first one.
  const lengths = axes.map(axis => Math.ceil(axis.length / axis.phases));
  const words = new Words();
  const outputBlocks = Math.ceil(sums.outputs / s.outputs);
  const positionBlocks = Math.ceil(lengths[0]! / s.positions);
  const places = lengths.slice(1).reduce((n, m) => n * m, 1);
  const rows = s.instances ? batch : batch * places;
  const rowBlocks = Math.ceil(rows / s.threads);
  words.put({ outputBlocks, positionBlocks, rowBlocks, rows, depth: sums.depth, outputs: sums.outputs });
  let inStart = 0;
  axes.forEach((axis, d) => {
    const { taps, step, tapStep, inStride, start, dilation, padding, phases, phaseTaps } = axis;
    words.put(
      { length: lengths[d]!, taps, inStep: step * inStride, inTap: tapStep * inStride, wTap: axis.wStride, outStep: axis.stride },
      d,
    );
    if (s.padded) words.put({ input: axis.input, step, tapStep }, d);
    if (phased) words.put({ whole: axis.length, phases, phaseTaps, dilation, padding }, d);
    else {
      if (s.padded) words.put({ start }, d);
      inStart += start * inStride;
    }
  });
  words.put({ inStart, wStart: sums.wStart, inDepth: input.channel, inInstance: input.instance, wDepth: w.depth, wOutput: w.output });
  words.put({ outChannel: out.channel, outInstance: out.instance });
  if (s.grouped) words.put({ groups: sums.groups, inGroup: input.group, wGroup: w.group, outGroup: out.group });
  const phases = axes.reduce((n, axis) => n * axis.phases, 1);
  const workgroups = outputBlocks * positionBlocks * rowBlocks * sums.groups * phases * (s.instances ? places : 1);
  return { structure: s, key: `direct ${JSON.stringify(Object.values(s))}`, words, workgroups };
}
