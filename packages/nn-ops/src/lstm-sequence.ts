/** A whole LSTM layer in one direction as one recorded operation. */
import { astype, DeviceArray, isFloat, type KnetArray, type Primitive, primitive, temporaries, zeros } from '@knet/knetarray';
import { biasGradient, hiddenGradient, inputGradient, weightGradient } from './lstm-gradients.js';
import { layerByKernel } from './lstm-kernel.js';
import { type LayerGradients, type LayerInputs, type LayerMemory, layerMemory } from './lstm-layer.js';
import { layerBackward, layerForward } from './lstm-loop.js';
import { type BoxedGradients, gradientsByStep, type LayerArguments } from './lstm-steps.js';

interface SequenceOptions {
  /** Whether the layer reads the sequence from its end. */
  readonly reverse: boolean;
  /** What the rules of the arguments share: they run one after the other, with the same gradient of the result. */
  readonly shared: Shared;
}

interface Shared {
  /** From one walk back through time. */
  plain?: LayerGradients & { readonly dy: KnetArray };
  boxed?: BoxedGradients;
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
        shared.boxed = gradientsByStep(shared.boxed, [weight, bias, x, hidden, cell], dy, reverse);
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
 * all times, then the cell in which the layer ends, `[size, batch, time + 1]`. The kernel of a device that has one for whole layers
 * runs those that go forward in time. Otherwise the parts of the input in the gates of all steps are one matrix product, as are the
 * gradients of the weight and of x.
 */
export function lstmSequence(weight: KnetArray, bias: KnetArray, x: KnetArray, first: FirstStates, reverse: boolean): KnetArray {
  const { device, dtype, shape } = x;
  const size = bias.size / 4;
  return temporaries(() => {
    const none = zeros([size, shape[1]!], { dtype, device });
    const args: LayerArguments = [weight, bias, x, first.hidden ?? none, first.cell ?? none];
    const whole = reverse ? undefined : layerByKernel(args);
    if (whole !== undefined) return whole;
    const { gates, even, odd } = layerMemory(x, size);
    return sequence(...args, gates, even, odd, { reverse, shared: {} });
  });
}
