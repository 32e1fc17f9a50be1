/** How direct convolutions are divided among threads, by what their code costs on a processor. */
import type { Context } from '../context.js';
import { range } from '../wgsl/words.js';
import type { Axis, Sums } from './convolution-axes.js';
import type { DirectBlocks } from './convolution-direct.js';
import type { GradientBlocks } from './convolution-gradient.js';

/**
 * What SwiftShader needs for four threads, in nanoseconds: for a load, a product, a sum that a loop carries, a value taken from
 * a neighbour, a check whether an input is there, and before and after the loop. What counts is their proportion.
 */
const cost = { load: 14, product: 0.75, carry: 1.3, share: 1.5, check: 3, step: 30, start: 1800 };
/** Bytes of machine code for the same, and how many of them the nearest cache holds. */
const size = { load: 580, product: 60, carry: 50, share: 60, check: 80, most: 27500 };

/** One step of a loop: loads, how many of them are checked, values that are loaded for all threads, products, and sums carried on. */
interface Step {
  readonly loads: number;
  readonly checks: number;
  readonly equal: number;
  readonly products: number;
  readonly sums: number;
}

/** Time of a step, or infinity if its code does not fit. */
function stepCost({ loads, checks, equal, products, sums }: Step, subgroups: boolean): number {
  const all = loads + (subgroups ? Math.ceil(equal / 4) : equal);
  const shared = subgroups ? equal : 0;
  const code = all * size.load + checks * size.check + products * size.product + sums * size.carry + shared * size.share;
  if (code > size.most) return Number.POSITIVE_INFINITY;
  return all * cost.load + checks * cost.check + products * cost.product + sums * cost.carry + shared * cost.share + cost.step;
}

/** Positions and channels of a block. */
const positionCounts = [1, 2, 4, 6, 7, 8, 12];
const outputCounts = [1, 2, 4, 5, 6, 7, 8, 10, 12, 16];
/** The most taps that are written out. */
const mostTaps = 7;
/** The most sums of a thread on a GPU. */
const mostSums = 32;
/** Fours of threads that are enough to be busy, on processors and on GPUs. */
const enoughFours = { software: 64, gpu: 8192 };

type Target = Pick<Context, 'software' | 'subgroups'>;

/** Taps along an axis that can be written out, or 1. */
function writtenTaps({ taps, step, tapStep, phases }: Axis): number {
  return phases === 1 && step === 1 && tapStep === 1 && taps <= mostTaps ? taps : 1;
}

/** The same sums with another axis first: the one along which threads compute blocks. */
function withFirst(sums: Sums, first: number): Sums {
  const { axes } = sums;
  return { ...sums, axes: [axes[first]!, ...axes.filter((_, d) => d !== first)] };
}

function product(axes: readonly Axis[], of: (axis: Axis) => number, start: number): number {
  return axes.reduce((n, axis) => n * of(axis), start);
}

/** The part of the pairs of a position and a tap along an axis that meet an input. */
function metPart({ length, taps, start, step, tapStep, input }: Axis): number {
  let met = 0;
  for (let j = 0; j < length; j++) {
    for (let k = 0; k < taps; k++) {
      const at = start + j * step + k * tapStep;
      if (at >= 0 && at < input) met++;
    }
  }
  return met / (length * taps);
}

/** One step of a direct convolution. Where one block is all of an axis, it is known what lies beyond the input. */
function directStep(axis: Axis, taps: number, positions: number, outputs: number, padded: boolean): Step {
  const sums = positions * outputs;
  const loads = positions + taps - 1;
  if (!padded || taps === 1 || positions !== axis.length) {
    return { loads, checks: padded ? loads : 0, equal: outputs * taps, products: sums * taps, sums };
  }
  const met = range(loads).filter(p => axis.start + p >= 0 && axis.start + p < axis.input).length;
  return { loads: met, checks: 0, equal: outputs * taps, products: sums * taps * metPart(axis), sums };
}

/** The division of a direct convolution, and its axes in the order in which threads walk them. */
export function directBlocks(sums: Sums, target: Target): [Sums, DirectBlocks] {
  const { software } = target;
  const subgroups = software && target.subgroups;
  const { padded, phased, batch } = sums;
  let best = Number.POSITIVE_INFINITY;
  let result: [Sums, DirectBlocks] | undefined;
  // Threads of a processor may as well work on different instances, so that rows are whole and leave out what no tap meets.
  const instances = software && padded && !phased && (batch % 4 === 0 || batch > 8);
  // Neighbouring threads of a GPU should read neighbouring elements: the nearest axis is theirs, if there is another one.
  for (let first = software || sums.axes.length === 1 ? 0 : 1; first < sums.axes.length; first++) {
    const ordered = withFirst(sums, first);
    const [axis, ...others] = ordered.axes as [Axis, ...Axis[]];
    const taps = writtenTaps(axis);
    const length = Math.ceil(axis.length / axis.phases);
    const met = instances ? product(others, metPart, 1) : 1;
    const steps = (product(sums.axes, axis => axis.taps, sums.depth) / taps) * met;
    const rows = product(others, axis => axis.length, 1);
    for (const positions of positionCounts) {
      for (const outputs of outputCounts) {
        if (!software && positions * outputs > mostSums) continue;
        const step = stepCost(directStep(axis, taps, positions, outputs, padded), subgroups);
        const thread = steps * step + cost.start + positions * outputs * cost.load;
        const time = Math.ceil(length / positions) * Math.ceil(sums.outputs / outputs) * rows * thread;
        if (time < best) {
          best = time;
          const threads = instances ? 4 : software ? 16 : 64;
          result = [ordered, { taps, positions, outputs, instances, threads, subgroups }];
        }
      }
    }
  }
  return result!;
}

/** The division of the direct gradient of filters, its axes in order, and the splits of the rows. */
export function gradientBlocks(sums: Sums, target: Target): [Sums, GradientBlocks, number] {
  const { software } = target;
  const subgroups = software && target.subgroups;
  let best = Number.POSITIVE_INFINITY;
  let result: [Sums, GradientBlocks, number] | undefined;
  for (let first = 0; first < sums.axes.length; first++) {
    const ordered = withFirst(sums, first);
    const [axis, ...others] = ordered.axes as [Axis, ...Axis[]];
    const taps = writtenTaps(axis);
    const elements = product(sums.axes, axis => axis.taps, sums.depth) / taps;
    const rows = product(others, axis => axis.length, sums.batch);
    for (const fours of [1, 2, 4]) {
      for (const outputs of outputCounts) {
        if (!software && taps * fours * outputs > mostSums) continue;
        const time = (positions: number): number => {
          const loads = fours * (positions + taps - 1);
          const carried = fours * outputs * taps;
          const checks = sums.padded ? loads : 0;
          return stepCost({ loads, checks, equal: outputs * positions, products: positions * carried, sums: carried }, subgroups);
        };
        const units = Math.ceil(elements / (4 * fours)) * Math.ceil(sums.outputs / outputs);
        for (const positions of positionCounts) {
          if (positions > axis.length) continue;
          const [whole, rest] = [Math.floor(axis.length / positions), axis.length % positions];
          const all = units * (whole * time(positions) + (rest === 0 ? 0 : rest * time(1)));
          if (all < best) {
            best = all;
            const enough = (software ? enoughFours.software : enoughFours.gpu) / (units * sums.groups);
            const splitRows = Math.ceil(rows / Math.max(1, Math.min(Math.ceil(enough), rows)));
            const blocks = { taps, fours, outputs, positions, threads: subgroups ? 4 : 64, subgroups };
            result = [ordered, blocks, Math.ceil(rows / splitRows)];
          }
        }
      }
    }
  }
  return result!;
}
