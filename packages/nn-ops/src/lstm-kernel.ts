/** A whole LSTM layer by one kernel of the backend, as one recorded operation. */
import {
  astype,
  contiguous,
  DeviceArray,
  type KnetArray,
  type LstmLayerGeometry,
  type LstmLayerViews,
  type Primitive,
  primitive,
  temporaries,
  type View,
  viewOf,
} from '@knet/knetarray';
import type { LayerInputs } from './lstm-layer.js';
import { type BoxedGradients, gradientsByStep, type LayerArguments } from './lstm-steps.js';

interface KernelOptions {
  /** What the rules of the arguments share: they run one after the other, with the same gradient of the result. */
  readonly shared: Shared;
}

interface Shared {
  /** From one call of the gradient kernel, in the order of the arguments. */
  plain?: { readonly dy: KnetArray; readonly gradients: readonly DeviceArray[] };
  boxed?: BoxedGradients;
}

type Layer = (...args: [...LayerArguments, memory: KnetArray, options: KernelOptions]) => KnetArray;

/** The memory of the layer is an argument like the others: what the rules read of it lives as long as the tape needs it. */
const layer: Primitive<Layer> = /* @__PURE__ */ primitive<Layer>('lstm (layer)', {
  methods: [
    [
      [DeviceArray, DeviceArray, DeviceArray, DeviceArray, DeviceArray, DeviceArray],
      (weight: DeviceArray, bias: DeviceArray, x: DeviceArray, hidden: DeviceArray, cell: DeviceArray, memory: DeviceArray) =>
        forward({ weight, bias, x, hidden, cell }, memory),
    ],
  ],
  derivative: context => {
    const { index, y, args } = context;
    const [weight, bias, x, hidden, cell, memory] = args;
    const { shared } = context.options as unknown as KernelOptions;
    return dy => {
      const arriving = astype(dy, y.dtype);
      const inputs = plainInputs([weight, bias, x, hidden, cell]);
      if (inputs === undefined || !(arriving instanceof DeviceArray && y instanceof DeviceArray && memory instanceof DeviceArray)) {
        shared.boxed = gradientsByStep(shared.boxed, [weight, bias, x, hidden, cell], dy, false);
        return shared.boxed.gradients[index];
      }
      if (shared.plain?.dy !== dy || shared.plain.gradients[index]?.released)
        shared.plain = { dy, gradients: backward(inputs, y, arriving, memory) };
      return shared.plain.gradients[index];
    };
  },
});

/** The arguments of a call, unless one is a box of a gradient computation. */
function plainInputs([weight, bias, x, hidden, cell]: LayerArguments): LayerInputs | undefined {
  const plain =
    weight instanceof DeviceArray &&
    bias instanceof DeviceArray &&
    x instanceof DeviceArray &&
    hidden instanceof DeviceArray &&
    cell instanceof DeviceArray;
  return plain ? { weight, bias, x, hidden, cell } : undefined;
}

function geometryOf({ x, hidden }: { readonly x: KnetArray; readonly hidden: KnetArray }): LstmLayerGeometry {
  const [inputs, batch, time] = x.shape as readonly [number, number, number];
  return { inputs, size: hidden.shape[0]!, batch, time };
}

/** What the kernels read: contiguous views. */
function viewsOf({ weight, bias, x, hidden, cell }: LayerInputs): LstmLayerViews {
  const dense = (a: DeviceArray): View => viewOf(contiguous(a));
  return { weight: dense(weight), bias: dense(bias), x: dense(x), hidden: dense(hidden), cell: dense(cell) };
}

function forward(inputs: LayerInputs, memory: DeviceArray | undefined): DeviceArray {
  const { device, dtype } = inputs.x;
  const geometry = geometryOf(inputs);
  const y = DeviceArray.empty(device, dtype, [geometry.size, geometry.batch, geometry.time + 1]);
  temporaries(() => {
    device.backend.lstmLayer?.(geometry, viewsOf(inputs), y.view(), memory?.view());
    return undefined;
  });
  return y;
}

function backward(inputs: LayerInputs, y: DeviceArray, dy: DeviceArray, memory: DeviceArray): DeviceArray[] {
  const { device, dtype } = y;
  const like = (a: DeviceArray): DeviceArray => DeviceArray.empty(device, dtype, a.shape);
  const { weight, bias, x, hidden, cell } = inputs;
  const gradients: LayerInputs = { weight: like(weight), bias: like(bias), x: like(x), hidden: like(hidden), cell: like(cell) };
  temporaries(() => {
    const arriving = viewOf(contiguous(dy));
    device.backend.lstmLayerGradient?.(geometryOf(inputs), viewsOf(inputs), y.view(), arriving, memory.view(), viewsOf(gradients));
    return undefined;
  });
  return [gradients.weight, gradients.bias, gradients.x, gradients.hidden, gradients.cell];
}

/**
 * The result of a layer that runs forward in time by the kernel of its device; undefined where that has none for it. The arguments are of
 * one dtype and device, and none is empty. Where no gradient is recorded, nothing is kept for one.
 */
export function layerByKernel(args: LayerArguments): KnetArray | undefined {
  const [, , x, hidden] = args;
  const { device, dtype } = x;
  const { backend } = device;
  const complete = backend.lstmLayer !== undefined && backend.lstmLayerGradient !== undefined && backend.supports('lstmLayer', dtype);
  const bytes = complete ? backend.lstmLayerMemory?.(geometryOf({ x, hidden }), dtype) : undefined;
  if (bytes === undefined) return undefined;
  const inputs = plainInputs(args);
  return inputs === undefined ? layer(...args, DeviceArray.empty(device, 'uint8', [bytes]), { shared: {} }) : forward(inputs, undefined);
}
