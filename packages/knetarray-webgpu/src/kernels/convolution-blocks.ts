/** How direct convolutions are divided among threads, by what their code costs on a processor. */
import type { DirectBlocks } from '../wgsl/convolution.js';
import type { GradientBlocks } from '../wgsl/convolution-gradient.js';
import type { Axis, Sums } from './convolution-axes.js';

/**
 * What SwiftShader needs for four threads, in nanoseconds: for a load, a product, a sum that a loop carries, a value taken from
 * a neighbour, and before and after the loop. Other software needs other times; what counts is their proportion.
 */
const cost = { load: 14, product: 0.75, carry: 1.3, share: 1.5, start: 1200 };
/** Bytes of machine code for the same, and how many of them the nearest cache holds. */
const size = { load: 580, product: 36, carry: 50, share: 40, most: 29000 };

/** One step of a loop: loads, values of which each is loaded once for all threads, products, and sums that are carried. */
export interface Step {
  readonly loads: number;
  readonly equal: number;
  readonly products: number;
  readonly sums: number;
}

/** Time of a step, or infinity if its code does not fit. */
export function stepCost({ loads, equal, products, sums }: Step, subgroups: boolean): number {
  const all = loads + (subgroups ? Math.ceil(equal / 4) : equal);
  const shared = subgroups ? equal : 0;
  if (all * size.load + products * size.product + sums * size.carry + shared * size.share > size.most) return Number.POSITIVE_INFINITY;
  return all * cost.load + products * cost.product + sums * cost.carry + shared * cost.share + 30;
}

/** Positions and channels of a block. */
const positionCounts = [1, 2, 4, 6, 7, 8, 12];
const outputCounts = [1, 2, 4, 5, 6, 7, 8, 10, 12, 16];
/** The most taps that are written out. */
const mostTaps = 7;

/** Taps along an axis that can be written out, or 1. */
export function writtenTaps({ taps, step, tapStep, phases }: Axis): number {
  return phases === 1 && step === 1 && tapStep === 1 && taps <= mostTaps ? taps : 1;
}

/** Puts the axis along which threads compute blocks first. */
export function withFirst(sums: Sums, first: number): Sums {
  const { axes } = sums;
  return { ...sums, axes: [axes[first]!, ...axes.filter((_, d) => d !== first)] };
}

/** The division of a direct convolution, and its axes in the order in which threads walk them. */
export function directBlocks(sums: Sums, { software, subgroups }: { software: boolean; subgroups: boolean }): [Sums, DirectBlocks] {
  let best = Number.POSITIVE_INFINITY;
  let result: [Sums, DirectBlocks] | undefined;
  // Neighbouring threads of a GPU should read neighbouring elements: the nearest axis is theirs, if there is another one.
  for (let first = software || sums.axes.length === 1 ? 0 : 1; first < sums.axes.length; first++) {
    const ordered = withFirst(sums, first);
    const axis = ordered.axes[0]!;
    const taps = writtenTaps(axis);
    const length = Math.ceil(axis.length / axis.phases);
    const steps = sums.axes.reduce((n, { taps }) => n * taps, sums.depth) / taps;
    const rows = sums.axes.reduce((n, { length }) => n * length, 1) / axis.length;
    for (const positions of positionCounts) {
      for (const outputs of outputCounts) {
        if (!software && positions * outputs > 32) continue;
        const products = positions * outputs * taps;
        const step = { loads: positions + taps - 1, equal: outputs * taps, products, sums: positions * outputs };
        const thread = steps * stepCost(step, subgroups) + cost.start + positions * outputs * cost.load;
        const time = Math.ceil(length / positions) * Math.ceil(sums.outputs / outputs) * rows * thread;
        if (time < best) {
          best = time;
          result = [ordered, { taps, positions, outputs, threads: software ? 16 : 64, subgroups }];
        }
      }
    }
  }
  return result!;
}

/** Fours of threads that are enough to be busy, on processors and on GPUs. */
const enoughFours = { software: 64, gpu: 8192 };

/** The division of the direct gradient of filters. */
export function gradientBlocks(sums: Sums, { software, subgroups }: { software: boolean; subgroups: boolean }): [Sums, GradientBlocks] {
  let best = Number.POSITIVE_INFINITY;
  let result: [Sums, GradientBlocks] | undefined;
  for (let first = 0; first < sums.axes.length; first++) {
    const ordered = withFirst(sums, first);
    const axis = ordered.axes[0]!;
    const taps = writtenTaps(axis);
    const elements = sums.axes.reduce((n, axis) => n * axis.taps, sums.depth) / taps;
    const rows = sums.axes.reduce((n, { length }) => n * length, sums.batch) / axis.length;
    for (const fours of [1, 2, 4]) {
      for (const outputs of outputCounts) {
        if (!software && taps * fours * outputs > 32) continue;
        const step = (positions: number): Step => ({
          loads: fours * (positions + taps - 1),
          equal: outputs * positions,
          products: positions * fours * outputs * taps,
          sums: fours * outputs * taps,
        });
        const units = Math.ceil(elements / (4 * fours)) * Math.ceil(sums.outputs / outputs);
        for (const positions of positionCounts) {
          if (positions > axis.length) continue;
          const rest = axis.length % positions;
          const row =
            Math.floor(axis.length / positions) * stepCost(step(positions), subgroups) + (rest && rest * stepCost(step(1), subgroups));
          const time = units * row;
          if (time < best) {
            best = time;
            const enough = (software ? enoughFours.software : enoughFours.gpu) / (units * sums.groups);
            const splits = Math.max(1, Math.min(Math.ceil(enough), rows));
            const threads = subgroups ? 4 : 64;
            result = [ordered, { taps, fours, outputs, positions, splits: Math.ceil(rows / Math.ceil(rows / splits)), threads, subgroups }];
          }
        }
      }
    }
  }
  return result!;
}
