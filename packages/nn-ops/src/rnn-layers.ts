/** The layers of a recurrent network over a sequence: an LSTM layer by layer, other cells step by step. */
import { hcat, type KnetArray, permute, slice, span, stack, tanh, transpose, vcat, zeros } from '@knet/knetarray';
import { dropout } from './dropout.js';
import { gru } from './gru.js';
import { affine } from './linear.js';
import { lstm } from './lstm.js';
import { fitsSequence, lstmSequence } from './lstm-sequence.js';
import { relu } from './relu.js';
import type { RnnLayer, RnnState, RnnType } from './rnn.js';

/** A network whose options and weights have been checked. */
export interface Network {
  readonly type: RnnType;
  readonly layers: number;
  readonly directions: number;
  /** Probability of dropout between layers. */
  readonly p: number;
  readonly weights: readonly RnnLayer[];
  /** Hidden units. */
  readonly size: number;
  readonly state: RnnState;
}

/** What a network gives: y `[size * directions, batch, time]`, and the last states `[size, batch]` of every layer and direction. */
export interface NetworkResult {
  readonly y: KnetArray;
  readonly hiddens: readonly KnetArray[];
  readonly cells: readonly KnetArray[];
}

/** An LSTM as one operation per layer and direction; undefined for other cells, and for arrays that these do not take. */
export function runSequences({ type, layers, directions, p, weights, state }: Network, x: KnetArray): NetworkResult | undefined {
  const states = [state.hidden, state.cell].filter(given => given !== undefined);
  const fits = fitsSequence([x, ...states, ...weights.flatMap(({ weight, bias }) => [weight, bias])]);
  if (type !== 'lstm' || !fits || weights.some(({ bias }) => bias.shape[0] !== 1)) return undefined;
  const time = x.shape[2]!;
  const part = (given: KnetArray | undefined, i: number): KnetArray | undefined => given && slice(given, ':', ':', i);
  const hiddens: KnetArray[] = [];
  const cells: KnetArray[] = [];
  let sequence = x;
  for (let layer = 0; layer < layers; layer++) {
    if (layer > 0 && p > 0) sequence = dropout(sequence, p);
    const outputs = Array.from({ length: directions }, (_, direction) => {
      const i = layer * directions + direction;
      const first = { hidden: part(state.hidden, i), cell: part(state.cell, i) };
      const run = lstmSequence(weights[i]!.weight, weights[i]!.bias, sequence, first, direction === 1);
      hiddens.push(slice(run, ':', ':', direction === 0 ? time - 1 : 0));
      cells.push(slice(run, ':', ':', time));
      return slice(run, ':', ':', span(0, time));
    });
    sequence = directions === 1 ? outputs[0]! : vcat(...outputs);
  }
  return { y: sequence, hiddens, cells };
}

/** A network of any cell, one step after the other. */
export function runSteps({ type, layers, directions, p, weights, size, state }: Network, x: KnetArray): NetworkResult {
  const [, batch, time] = x.shape as readonly [number, number, number];
  const none = zeros([batch, size], { dtype: x.dtype, device: x.device });
  const initial = (states: KnetArray | undefined, i: number): KnetArray =>
    states === undefined ? none : transpose(slice(states, ':', ':', i));
  let steps = Array.from({ length: time }, (_, t) => transpose(slice(x, ':', ':', t)));
  const hiddens: KnetArray[] = [];
  const cells: KnetArray[] = [];
  for (let layer = 0; layer < layers; layer++) {
    if (layer > 0 && p > 0) steps = steps.map(step => dropout(step, p));
    const runs = Array.from({ length: directions }, (_, direction) => {
      const i = layer * directions + direction;
      const first = { hidden: initial(state.hidden, i), cell: initial(state.cell, i) };
      const run = runLayer(type, weights[i]!, direction === 0 ? steps : [...steps].reverse(), first);
      hiddens.push(transpose(run.hidden));
      cells.push(transpose(run.cell));
      return direction === 0 ? run.outputs : run.outputs.reverse();
    });
    steps = runs[0]!.map((output, t) => (directions === 1 ? output : hcat(output, runs[1]![t]!)));
  }
  return { y: permute(stack(steps), [1, 0, 2]), hiddens, cells };
}

interface LayerState {
  readonly hidden: KnetArray;
  readonly cell: KnetArray;
}

function runLayer(
  type: RnnType,
  { weight, bias }: RnnLayer,
  steps: readonly KnetArray[],
  initial: LayerState,
): LayerState & { outputs: KnetArray[] } {
  let { hidden, cell } = initial;
  const outputs = steps.map(input => {
    if (type === 'lstm') [hidden, cell] = lstm(weight, bias, hidden, cell, input);
    else if (type === 'gru') hidden = gru(weight, bias, hidden, input);
    else {
      const sum = affine(hcat(input, hidden), weight, bias);
      hidden = type === 'relu' ? relu<KnetArray>(sum) : tanh<KnetArray>(sum);
    }
    return hidden;
  });
  return { hidden, cell, outputs };
}
