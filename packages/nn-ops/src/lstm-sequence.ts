/** A whole LSTM layer in one direction as one recorded operation. */
import {
  astype,
  DeviceArray,
  grad,
  isFloat,
  type KnetArray,
  mul,
  type Primitive,
  permute,
  primitive,
  slice,
  stack,
  sum,
  temporaries,
  transpose,
  zeros,
} from '@knet/knetarray';
import { lstm } from './lstm.js';
import { biasGradient, hiddenGradient, inputGradient, weightGradient } from './lstm-gradients.js';
import { type LayerGradients, type LayerInputs, type LayerMemory, layerMemory } from './lstm-layer.js';
import { layerBackward, layerForward } from './lstm-loop.js';

/** What a layer reads, boxed or not; see {@link LayerInputs}. */
export type LayerArguments = readonly [weight: KnetArray, bias: KnetArray, x: KnetArray, hidden: KnetArray, cell: KnetArray];

interface SequenceOptions {
  /** Whether the layer reads the sequence from its end. */
  readonly reverse: boolean;
  /** What the rules of the arguments share: they run one after the other, with the same gradient of the result. */
  readonly shared: Shared;
}

interface Shared {
  /** From one walk back through time. */
  plain?: LayerGradients & { readonly dy: KnetArray };
  /** Gradients of all arguments, made of functions that have derivatives themselves. */
  boxed?: { readonly dy: KnetArray; readonly gradients: readonly KnetArray[] };
}

type Sequence = (...args: [...LayerArguments, gates: KnetArray, even: KnetArray, odd: KnetArray, options: SequenceOptions]) => KnetArray;

/** The memory of the layer is an argument like the others: what the rules read of it lives as long as the tape needs it. */
const sequence: Primitive<Sequence> = /* @__PURE__ */ primitive<Sequence>('lstm (sequence)', {
  methods: [
    [
      [DeviceArray, DeviceArray, DeviceArray, DeviceArray, DeviceArray, DeviceArray, DeviceArray, DeviceArray],
      (
        weight: DeviceArray,
        bias: DeviceArray,
        x: DeviceArray,
        hidden: DeviceArray,
        cell: DeviceArray,
        gates: DeviceArray,
        even: DeviceArray,
        odd: DeviceArray,
        { reverse }: SequenceOptions,
      ) => layerForward({ weight, bias, x, hidden, cell }, { gates, even, odd }, reverse),
    ],
  ],
  derivative: context => {
    const { index, y, args } = context;
    const [weight, bias, x, hidden, cell, gates, even, odd] = args;
    const { reverse, shared } = context.options as unknown as SequenceOptions;
    const values = plainValues([weight, bias, x, hidden, cell, gates, even, odd, y]);
    return dy => {
      const arriving = astype(dy, y.dtype);
      if (values === undefined || !(arriving instanceof DeviceArray)) {
        if (shared.boxed?.dy !== dy) shared.boxed = { dy, gradients: gradientsByStep([weight, bias, x, hidden, cell], dy, reverse) };
        return shared.boxed.gradients[index];
      }
      const { inputs, memory, result } = values;
      if (shared.plain?.dy !== dy || shared.plain.gates.released)
        shared.plain = { dy, ...layerBackward(inputs, memory, result, arriving, reverse) };
      return gradientOf[index]?.(inputs, shared.plain, result, reverse);
    };
  },
});

/** What is left to do for the gradient of each argument. */
const gradientOf: readonly ((inputs: LayerInputs, gradients: LayerGradients, y: DeviceArray, reverse: boolean) => DeviceArray)[] = [
  (inputs, gradients, y, reverse) => weightGradient(inputs, y, gradients, reverse),
  biasGradient,
  inputGradient,
  (inputs, gradients, _y, reverse) => hiddenGradient(inputs, gradients, reverse),
  (_inputs, { cell }) => cell,
];

interface PlainValues {
  readonly inputs: LayerInputs;
  readonly memory: LayerMemory;
  readonly result: DeviceArray;
}

/** The arguments of a call, its memory and its result, unless one is a box of an outer gradient computation. */
function plainValues(values: readonly KnetArray[]): PlainValues | undefined {
  const plain = values.filter((x): x is DeviceArray => x instanceof DeviceArray);
  if (plain.length < values.length) return undefined;
  const [weight, bias, x, hidden, cell, gates, even, odd, result] = plain;
  return {
    inputs: { weight: weight!, bias: bias!, x: x!, hidden: hidden!, cell: cell! },
    memory: { gates: gates!, even: even!, odd: odd! },
    result: result!,
  };
}

/** The gradients of all arguments with functions that have derivatives: what an outer gradient computation goes on with. */
function gradientsByStep(args: LayerArguments, dy: KnetArray, reverse: boolean): readonly KnetArray[] {
  return grad((all: LayerArguments) => sum(mul(dy, stepByStep(all, reverse))))(args);
}

/** The result of {@link lstmSequence} from one cell after the other. */
export function stepByStep([weight, bias, x, hidden, cell]: LayerArguments, reverse: boolean): KnetArray {
  const time = x.shape[2]!;
  let [h, c] = [transpose(hidden), transpose(cell)];
  const outputs = new Array<KnetArray>(time + 1);
  for (let k = 0; k < time; k++) {
    const t = reverse ? time - 1 - k : k;
    [h, c] = lstm(weight, bias, h, c, transpose(slice(x, ':', ':', t)));
    outputs[t] = h;
  }
  outputs[time] = c;
  return permute(stack(outputs), [1, 0, 2]);
}

/** Whether {@link lstmSequence} takes arrays, its arguments: of one float dtype and device, none of them empty. */
export function fitsSequence(arrays: readonly KnetArray[]): boolean {
  const { device, dtype } = arrays[0]!;
  return isFloat(dtype) && arrays.every(x => x.dtype === dtype && x.device === device && x.size > 0);
}

/** What {@link lstmSequence} may begin with; default zeros. */
export interface FirstStates {
  /** `[size, batch]` */
  readonly hidden?: KnetArray | undefined;
  /** `[size, batch]` */
  readonly cell?: KnetArray | undefined;
}

/**
 * Runs a layer, weight `[inputs + size, 4 * size]` and bias `[1, 4 * size]`, over x `[inputs, batch, time]`: the hidden states at
 * all times, then the cell in which the layer ends, `[size, batch, time + 1]`. The parts of the input in the gates of all steps
 * are one matrix product, as are the gradients of the weight and of x.
 */
export function lstmSequence(weight: KnetArray, bias: KnetArray, x: KnetArray, first: FirstStates, reverse: boolean): KnetArray {
  const { device, dtype, shape } = x;
  const size = bias.size / 4;
  return temporaries(() => {
    const none = zeros([size, shape[1]!], { dtype, device });
    const { gates, even, odd } = layerMemory(x, size);
    return sequence(weight, bias, x, first.hidden ?? none, first.cell ?? none, gates, even, odd, { reverse, shared: {} });
  });
}
