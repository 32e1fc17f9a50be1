/** Recurrent networks over whole sequences: relu, tanh, LSTM and GRU cells; layers, both directions, dropout between layers. */
import { copy, formatShape, type KnetArray, type RandomOptions, stack, zeros } from '@knet/knetarray';
import { xavier } from './initializers.js';
import { type Network, runSequences, runSteps } from './rnn-layers.js';

/** Kind of a recurrent cell: `relu` and `tanh` are the plain ones, h' = f(hcat(x, h) * weight + bias). */
export type RnnType = 'relu' | 'tanh' | 'lstm' | 'gru';

/** Weights of one layer in one direction: weight `[inputs + hidden, gates * hidden]`, bias `[1, gates * hidden]`. */
export interface RnnLayer {
  /** `[inputs + hidden, gates * hidden]` */
  weight: KnetArray;
  /** `[1, gates * hidden]` */
  bias: KnetArray;
}

/** Options that fix a network. */
export interface RnnOptions {
  /** Default `lstm`. */
  type?: RnnType;
  /** Layers, each reading the one below. Default 1. */
  layers?: number;
  /** Every layer also reads the sequence backwards; both results are joined. Default false. */
  bidirectional?: boolean;
  /** Probability of {@link dropout} between layers. Default 0. */
  dropout?: number;
}

/** State of every layer and direction, `[hidden, batch, layers * directions]`; `cell` for LSTM only. */
export interface RnnState {
  /** Hidden states to begin with; default zeros. */
  hidden?: KnetArray | undefined;
  /** Cell states of an LSTM to begin with; default zeros. */
  cell?: KnetArray | undefined;
}

/** What {@link rnn} returns. */
export interface RnnResult {
  /** Hidden states of the last layer, `[hidden * directions, batch, time]`. */
  y: KnetArray;
  /** Hidden states at the end, `[hidden, batch, layers * directions]`. */
  hidden: KnetArray;
  /** Cell states at the end, of LSTM. */
  cell: KnetArray | undefined;
}

// A GRU has a fourth block: the candidate's part from the input and its part from the hidden state meet only after the reset gate.
const gatesOf: Readonly<Record<RnnType, number>> = { relu: 1, tanh: 1, lstm: 4, gru: 4 };

/**
 * Weights for {@link rnn}: `xavier` matrices and zero biases, one per layer and direction. The forget gates of an LSTM start
 * with a bias of 0 like the others.
 *
 * @example
 * const w = rnnWeights(64, 128, { type: 'gru', layers: 2 });
 */
export function rnnWeights(inputs: number, hidden: number, options: RnnOptions & RandomOptions = {}): RnnLayer[] {
  const { type, layers, directions } = checkedOptions(options);
  const { dtype, device, seed } = options;
  const place = { ...(dtype === undefined ? {} : { dtype }), ...(device === undefined ? {} : { device }) };
  return Array.from({ length: layers * directions }, (_, i) => {
    const width = i < directions ? inputs : hidden * directions;
    const own = seed === undefined ? place : { ...place, seed: seed + i };
    return { weight: xavier([width + hidden, gatesOf[type] * hidden], own), bias: zeros([1, gatesOf[type] * hidden], place) };
  });
}

/**
 * Runs a recurrent network over a sequence x `[inputs, batch, time]` (batch and time may be missing). A layer of LSTM cells is one
 * operation over the whole sequence, several times faster than `lstm` step by step where the layer is small.
 *
 * @throws RangeError when shapes or options do not fit
 *
 * @example
 * const { y, hidden, cell } = rnn(w, embedding(e, tokens), { type: 'lstm', layers: 2 });
 */
export function rnn(weights: readonly RnnLayer[], x: KnetArray, options: RnnOptions & RnnState = {}): RnnResult {
  const { type, layers, directions, p } = checkedOptions(options);
  if (x.ndim < 1 || x.ndim > 3) throw new RangeError(`rnn: expected x [inputs, batch, time], not shape ${formatShape(x.shape)}`);
  const sequence = x.ndim === 3 ? x : x.reshape(...x.shape, ...new Array<number>(3 - x.ndim).fill(1));
  const [inputs, batch, time] = sequence.shape as readonly [number, number, number];
  if (time === 0) throw new RangeError(`rnn: the sequence of shape ${formatShape(x.shape)} has no steps`);
  const size = checkedWeights(weights, inputs, type, layers, directions);
  for (const name of ['hidden', 'cell'] as const) {
    const state = options[name];
    const expected = [size, batch, layers * directions];
    if (state !== undefined && (state.ndim !== 3 || expected.some((n, d) => n !== state.shape[d])))
      throw new RangeError(`rnn: ${name} has shape ${formatShape(state.shape)}; expected ${formatShape(expected)}`);
  }
  const network: Network = { type, layers, directions, p, weights, size, state: options };
  const { y, hiddens, cells } = runSequences(network, sequence) ?? runSteps(network, sequence);
  return {
    y: x.ndim === 3 ? y : y.reshape(...y.shape.slice(0, x.ndim)),
    hidden: joined(hiddens),
    cell: type === 'lstm' ? joined(cells) : undefined,
  };
}

/** States side by side, which share no memory with the sequence that they end. */
function joined(states: readonly KnetArray[]): KnetArray {
  return states.length === 1 ? copy(stack(states)) : stack(states);
}

/** A recurrent network of fixed sizes: makes its weights and runs with weights that are given, so that they can be differentiated. */
export class Rnn {
  constructor(
    readonly inputs: number,
    readonly hidden: number,
    readonly options: RnnOptions = {},
  ) {
    checkedOptions(options);
  }

  /** New weights; see {@link rnnWeights}. */
  weights(options: RandomOptions = {}): RnnLayer[] {
    return rnnWeights(this.inputs, this.hidden, { ...this.options, ...options });
  }

  /** Runs over a sequence; see {@link rnn}. */
  forward(weights: readonly RnnLayer[], x: KnetArray, state: RnnState = {}): RnnResult {
    return rnn(weights, x, { ...this.options, ...state });
  }
}

function checkedOptions({ type = 'lstm', layers = 1, bidirectional = false, dropout: p = 0 }: RnnOptions) {
  if (!(type in gatesOf)) throw new RangeError(`rnn: unknown type '${type}'; use relu, tanh, lstm or gru`);
  if (!Number.isInteger(layers) || layers < 1) throw new RangeError(`rnn: layers must be a whole number of 1 or more, not ${layers}`);
  if (!(p >= 0 && p <= 1)) throw new RangeError(`rnn: dropout must be in [0, 1], not ${p}`);
  return { type, layers, directions: bidirectional ? 2 : 1, p };
}

/** The number of hidden units that the weights have. */
function checkedWeights(weights: readonly RnnLayer[], inputs: number, type: RnnType, layers: number, directions: number): number {
  if (weights.length !== layers * directions) {
    throw new RangeError(`rnn: ${weights.length} sets of weights for ${layers} layers in ${directions} directions`);
  }
  const size = weights[0]!.weight.shape[1]! / gatesOf[type];
  weights.forEach(({ weight, bias }, i) => {
    const rows = (i < directions ? inputs : size * directions) + size;
    const columns = gatesOf[type] * size;
    if (weight.ndim !== 2 || weight.shape[0] !== rows || weight.shape[1] !== columns || bias.ndim !== 2 || bias.size !== columns) {
      throw new RangeError(
        `rnn: weights ${i} have shapes ${formatShape(weight.shape)} and ${formatShape(bias.shape)}; expected [${rows}, ${columns}] and [1, ${columns}] (${type}, ${inputs} inputs)`,
      );
    }
  });
  return size;
}
