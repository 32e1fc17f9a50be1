import type { RunOptions, RunResult } from '../../harness/contract.js';
import { runPython } from '../python/start.js';

/** One product of a step: C[m, n] = op(A)[m, k] op(B)[k, n], row-major as stored, and how often the step takes it. */
export type StepProduct = [m: number, k: number, n: number, transposeA: boolean, transposeB: boolean, count: number];

/** Outputs = inputs [rows, inputs] times weights [inputs, outputs], taken `count` times. */
export const forward = (rows: number, inputs: number, outputs: number, count = 1): StepProduct => [
  rows,
  inputs,
  outputs,
  false,
  false,
  count,
];

/** Gradient of the weights of such a layer. */
export const weightGradient = (rows: number, inputs: number, outputs: number, count = 1): StepProduct => [
  inputs,
  rows,
  outputs,
  true,
  false,
  count,
];

/** Gradient of the inputs of such a layer. */
export const inputGradient = (rows: number, inputs: number, outputs: number, count = 1): StepProduct => [
  rows,
  outputs,
  inputs,
  false,
  true,
  count,
];

/** A layer in training; `first` when nothing asks for the gradient of its inputs. */
export function layer(rows: number, inputs: number, outputs: number, first = false): StepProduct[] {
  const shape = [rows, inputs, outputs] as const;
  return [forward(...shape), weightGradient(...shape), ...(first ? [] : [inputGradient(...shape)])];
}

/**
 * Takes the time of a workload's matrix products alone. There is no model, so there is a loss of 0 and no first loss.
 *
 * @param forms - forms in which the products of one step can be taken; the fastest counts
 * @param chunk - steps between two looks at the clock
 */
export async function productsAlone(options: RunOptions, forms: Record<string, StepProduct[]>, chunk = 1): Promise<RunResult> {
  return (await runPython(import.meta.url, options, { inputs: {}, settings: { forms, chunk } })).result;
}
