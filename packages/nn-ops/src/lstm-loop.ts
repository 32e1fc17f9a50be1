/** The loops of a whole LSTM layer over time, forward and back, on the kernels of the contract. */
import {
  computeInto,
  contiguous,
  contiguousStrides,
  copyProgram,
  type Device,
  DeviceArray,
  type KnetArray,
  temporaries,
  type View,
  viewOf,
} from '@knet/knetarray';
import { hasLstm } from './lstm-cell.js';
import { activated, cellGradient, gatesGradient, nextStates } from './lstm-formulas.js';
import { type LayerGradients, type LayerInputs, type LayerMemory, matrix, Steps, slab, turned } from './lstm-layer.js';

/** Runs a layer: hidden states of all steps, then the last cell, `[size, batch, time + 1]`. Fills the memory. */
export function layerForward(inputs: LayerInputs, memory: LayerMemory, reverse: boolean): DeviceArray {
  const { x, bias, hidden } = inputs;
  const { device, dtype } = x;
  const { backend } = device;
  const steps = new Steps(inputs, reverse);
  const { size, batch, time } = steps;
  const y = DeviceArray.empty(device, dtype, [size, batch, time + 1]);
  temporaries(() => {
    const [weight, first] = [viewOf(inputs.weight), contiguous(inputs.cell)];
    const all = matrix(memory.gates.view(), 4 * size, batch * time);
    // The parts of x in all gates are one product, added to the bias where it lies.
    const repeated = { ...viewOf(bias), shape: all.shape, strides: [bias.strides[1]!, 0] };
    backend.map(copyProgram(dtype), [repeated], [], [all]);
    backend.matmul(turned(steps.part(weight, false)), matrix(viewOf(contiguous(x)), steps.inputs, batch * time), all, 1, 1);
    const recurrent = time < manySteps ? turned(steps.part(weight, true)) : turnedOver(device, steps.part(weight, true));
    for (let k = 0; k < time; k++) {
      const gates = slab(memory.gates, steps.at(k), [4 * size, batch]);
      if (k > 0) backend.matmul(recurrent, slab(y, steps.at(k - 1), [size, batch]).view(), gates.view(), 1, 1);
      else if (hidden.constantValue !== 0) backend.matmul(recurrent, viewOf(hidden), gates.view(), 1, 1);
      const cells = [steps.cell(k, first, memory, y), steps.cell(k + 1, first, memory, y)] as const;
      stepForward(gates, cells[0], slab(y, steps.at(k), [size, batch]), cells[1]);
    }
    return undefined;
  });
  return y;
}

/** Steps from which on a matrix that all of them read is worth a copy in a better order. */
const manySteps = 8;

/**
 * A copy of the transposed matrix whose rows lie one after the other. Its columns are a little farther apart than they are long: at
 * distances of whole pages they would meet in the same places of a cache.
 */
function turnedOver(device: Device, matrix: View): View {
  const [rows, columns] = [matrix.shape[1]!, matrix.shape[0]!];
  const apart = rows + 16;
  const copy = DeviceArray.empty(device, matrix.dtype, [apart, columns]).view();
  const result = { ...copy, shape: [rows, columns], strides: [1, apart] };
  device.backend.map(copyProgram(matrix.dtype), [turned(matrix)], [], [result]);
  return result;
}

function stepForward(gates: DeviceArray, cell: DeviceArray, hidden: DeviceArray, newCell: DeviceArray): void {
  const { backend } = gates.device;
  const places = [hidden.view(), newCell.view()] as const;
  if (hasLstm(backend, gates.dtype)) backend.lstm?.(inBlocks(gates.view()), viewOf(cell), ...places);
  else {
    const next = nextStates(activated(gatesOf(gates)), cell);
    computeInto(plain([next.hidden, next.cell]), places);
  }
}

/** What formulas of arrays without boxes give. */
function plain(results: readonly KnetArray[]): DeviceArray[] {
  return results.filter((x): x is DeviceArray => x instanceof DeviceArray);
}

/** The gates of a step as the kernels take them. */
function inBlocks(gates: View): View {
  const [rows, batch] = gates.shape as readonly [number, number];
  const shape = [rows / 4, 4, batch];
  return { ...gates, shape, strides: contiguousStrides(shape) };
}

/** Gate k of a step, as a view with strides. */
const gatesOf =
  (gates: DeviceArray) =>
  (k: number): DeviceArray => {
    const [rows, batch] = gates.shape as readonly [number, number];
    return gates.alias([rows / 4, batch], gates.offset + k * (rows / 4), [1, rows]);
  };

/** Walks back through time. */
export function layerBackward(inputs: LayerInputs, memory: LayerMemory, y: DeviceArray, dy: DeviceArray, reverse: boolean): LayerGradients {
  const { device, dtype } = y;
  const { backend } = device;
  const steps = new Steps(inputs, reverse);
  const { size, batch, time } = steps;
  const shape = [size, batch];
  const gradients = { gates: DeviceArray.empty(device, dtype, memory.gates.shape), cell: DeviceArray.empty(device, dtype, shape) };
  temporaries(() => {
    const [first, arriving] = [contiguous(inputs.cell), contiguous(dy)];
    const recurrent = steps.part(viewOf(inputs.weight), true);
    const [hidden, other] = [DeviceArray.empty(device, dtype, shape), DeviceArray.empty(device, dtype, shape)];
    // Where the gradient of the cell after k steps lies; two places take turns.
    const cellAt = (k: number): DeviceArray => (k === time ? slab(arriving, time, shape) : k % 2 === 0 ? gradients.cell : other);
    for (let k = time - 1; k >= 0; k--) {
      const t = steps.at(k);
      let direct = slab(arriving, t, shape);
      if (k < time - 1) {
        backend.map(copyProgram(dtype), [direct.view()], [], [hidden.view()]);
        backend.matmul(recurrent, slab(gradients.gates, steps.at(k + 1), [4 * size, batch]).view(), hidden.view(), 1, 1);
        direct = hidden;
      }
      stepBackward({
        gates: slab(memory.gates, t, [4 * size, batch]),
        cell: steps.cell(k, first, memory, y),
        newCell: steps.cell(k + 1, first, memory, y),
        states: { hidden: direct, cell: cellAt(k + 1) },
        gatesGradient: slab(gradients.gates, t, [4 * size, batch]),
        cellGradient: cellAt(k),
      });
    }
    return undefined;
  });
  return gradients;
}

interface BackwardStep {
  readonly gates: DeviceArray;
  readonly cell: DeviceArray;
  readonly newCell: DeviceArray;
  readonly states: { readonly hidden: DeviceArray; readonly cell: DeviceArray };
  readonly gatesGradient: DeviceArray;
  readonly cellGradient: DeviceArray;
}

function stepBackward({ gates, cell, newCell, states, ...result }: BackwardStep): void {
  const { backend } = gates.device;
  if (hasLstm(backend, gates.dtype)) {
    const arriving = { hidden: states.hidden.view(), cell: states.cell.view() };
    const [blocks, output] = [inBlocks(gates.view()), inBlocks(result.gatesGradient.view())];
    backend.lstmGradient?.(blocks, viewOf(cell), newCell.view(), arriving, output, result.cellGradient.view());
    return;
  }
  const after = activated(gatesOf(gates));
  const { forget, enter, out, change } = gatesGradient(after, cell, newCell, states);
  const place = gatesOf(result.gatesGradient);
  computeInto(plain([forget, enter, out, change, cellGradient(after, newCell, states)]), [
    ...[0, 1, 2, 3].map(k => place(k).view()),
    result.cellGradient.view(),
  ]);
}
