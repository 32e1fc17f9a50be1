import { charlm } from '../../data.js';
import type { RunOptions, RunResult } from '../../harness/contract.js';
import { forward, inputGradient, layer, productsAlone, type StepProduct, weightGradient } from './floor.js';

/** The language model: what does not depend on the state is taken over all time steps at once, or time step by time step. */
export function run(options: RunOptions): Promise<RunResult> {
  const { batch, length, hidden, embed, vocabulary } = charlm;
  const gates = 4 * hidden;
  const projection = layer(length * batch, hidden, vocabulary);
  const state: StepProduct[] = [
    forward(batch, hidden, gates, length),
    // No gradient flows to the state before the first time step.
    inputGradient(batch, hidden, gates, length - 1),
  ];
  const whole = [...layer(length * batch, embed, gates), weightGradient(length * batch, hidden, gates)];
  const joined = [batch, embed + hidden, gates, length] as const;
  return productsAlone(options, {
    'inputs at once': [...state, ...whole, ...projection],
    'input and state joined': [forward(...joined), weightGradient(...joined), inputGradient(...joined), ...projection],
  });
}
