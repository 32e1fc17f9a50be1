/** What the samples of several sides say besides their times: whether they computed the same, and what they asked of the GPU. */

import type { RunResult } from './contract.js';
import type { Sample } from './sample.js';

/** Relative difference of two losses above which two sides did not do the same; float32 sums in other orders differ by far less. */
const tolerance = 1e-3;

/** Samples of one workload, by the name of the side. */
type Samples = ReadonlyMap<string, readonly Sample[]>;

/** Results of each side that has some. */
function resultsOf(samples: Samples): [side: string, results: RunResult[]][] {
  const all = [...samples].map(([side, taken]): [string, RunResult[]] => [
    side,
    taken.flatMap(sample => (sample.ok ? [sample.result] : [])),
  ]);
  return all.filter(([, results]) => results.length > 0);
}

/** What the losses of a workload show. */
export interface Agreement {
  lines: string[];
  /** Two sides that took as many steps from the same weights have different losses. */
  differ: boolean;
}

/**
 * Compares the losses of all sides: those before the first step, and those after training between sides that took as many
 * steps. The first side that has results is the one that the others are held against.
 *
 * @param workload - its name, for the lines
 */
export function compareLosses(workload: string, samples: Samples): Agreement {
  const sides = resultsOf(samples).map(([side, results]) => ({ side, ...results.at(-1)! }));
  const first = sides[0];
  if (first?.firstLoss === undefined || sides.length < 2) return { lines: [], differ: false };
  const apart = (a: number | undefined, b: number | undefined): boolean =>
    a === undefined || b === undefined || !(Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b)));
  const found = sides.map(side => {
    const comparable = side.trained === first.trained;
    const early = apart(side.firstLoss, first.firstLoss);
    return { ...side, comparable, early, differs: early || (comparable && apart(side.loss, first.loss)) };
  });
  const differ = found.some(({ differs }) => differs);
  // Sides that were cut short took other numbers of steps, and then there is nothing to say.
  if (!differ && found.filter(({ comparable }) => comparable).length < 2) return { lines: [], differ };
  const parts = found.map(({ side, loss, trained, comparable, early, differs }) => {
    const steps = comparable ? '' : ` after ${trained} steps (not compared)`;
    return `${side} ${loss.toPrecision(5)}${steps}${early ? ' (another loss before the first step)' : differs ? ' (differs)' : ''}`;
  });
  return { lines: [`- ${workload}, loss after ${first.trained} steps: ${parts.join(', ')}`], differ };
}

/** Dispatches and submits of one step of every side that counted them, one line; empty when none did. */
export function formatCalls(workload: string, samples: Samples): string[] {
  const parts = resultsOf(samples).flatMap(([side, results]) => {
    const { calls, steps } = results.at(-1)!;
    if (calls === undefined || calls.dispatches === 0) return [];
    return [`${side} ${perStep(calls.dispatches / steps)} dispatches in ${perStep(calls.submits / steps)} submits`];
  });
  return parts.length === 0 ? [] : [`- ${workload}, per step: ${parts.join(', ')}`];
}

const perStep = (count: number): string => count.toFixed(count < 10 && !Number.isInteger(count) ? 1 : 0);
