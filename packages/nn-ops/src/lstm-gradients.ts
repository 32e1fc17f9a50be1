/** Gradients of what an LSTM layer reads, from those of its gates: products over all time steps at once. */
import { contiguous, DeviceArray, identityProgram, temporaries, viewOf } from '@knet/knetarray';
import { type LayerGradients, type LayerInputs, Layout, matrix, Slab, Steps, turned } from './lstm-layer.js';

/** Gradient of the weight: products over all steps at once. */
export function weightGradient(inputs: LayerInputs, y: DeviceArray, { gates }: LayerGradients, reverse: boolean): DeviceArray {
  const { x, hidden } = inputs;
  const { device, dtype, shape } = inputs.weight;
  const { backend } = device;
  const steps = new Steps(inputs, reverse);
  const { size, batch, time } = steps;
  const result = DeviceArray.empty(device, dtype, shape);
  temporaries(() => {
    const all = matrix(gates.view(), 4 * size, batch * time);
    const ofInputs = steps.part(result.view(), false);
    backend.matmul(matrix(viewOf(contiguous(x)), steps.inputs, batch * time), turned(all), ofInputs, 1, 0);
    // Every step but the first read the hidden states of the step before it, which lie in one run, as their gates do.
    const ofHidden = steps.part(result.view(), true);
    const count = batch * (time - 1);
    if (count > 0) {
      const read = { ...matrix(y.view(), size, count), offset: y.offset + (reverse ? batch * size : 0) };
      const later = { ...matrix(gates.view(), 4 * size, count), offset: gates.offset + (reverse ? 0 : 4 * batch * size) };
      backend.matmul(read, turned(later), ofHidden, 1, 0);
    }
    const { view: first } = new Slab(gates, steps.at(0), new Layout([4 * size, batch]));
    if (count === 0 || hidden.constantValue !== 0) backend.matmul(viewOf(hidden), turned(first), ofHidden, 1, count === 0 ? 0 : 1);
    return undefined;
  });
  return result;
}

/** Gradient of the bias. */
export function biasGradient({ bias }: LayerInputs, { gates }: LayerGradients): DeviceArray {
  const { device, dtype, shape } = bias;
  const result = DeviceArray.empty(device, dtype, shape);
  const all = matrix(gates.view(), bias.size, gates.size / bias.size);
  const output = matrix(result.view(), bias.size, 1);
  device.backend.reduce('sum', identityProgram(dtype), [all], [], all.shape, output);
  return result;
}

/** Gradient of x. */
export function inputGradient(inputs: LayerInputs, { gates }: LayerGradients): DeviceArray {
  const { device, dtype, shape } = inputs.x;
  const steps = new Steps(inputs, false);
  const count = steps.batch * steps.time;
  const result = DeviceArray.empty(device, dtype, shape);
  const weight = steps.part(viewOf(inputs.weight), false);
  device.backend.matmul(weight, matrix(gates.view(), 4 * steps.size, count), matrix(result.view(), steps.inputs, count), 1, 0);
  return result;
}

/** Gradient of the first hidden state. */
export function hiddenGradient(inputs: LayerInputs, { gates }: LayerGradients, reverse: boolean): DeviceArray {
  const { device, dtype, shape } = inputs.hidden;
  const steps = new Steps(inputs, reverse);
  const result = DeviceArray.empty(device, dtype, shape);
  const { view: first } = new Slab(gates, steps.at(0), new Layout([4 * steps.size, steps.batch]));
  device.backend.matmul(steps.part(viewOf(inputs.weight), true), first, result.view(), 1, 0);
  return result;
}
