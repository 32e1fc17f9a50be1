/** The loops of a whole LSTM layer over time, forward and back, on the kernels of the contract. */
import {
  bytesPerElement,
  computeInto,
  contiguous,
  copyProgram,
  type Device,
  DeviceArray,
  type DType,
  type KnetArray,
  temporaries,
  type View,
  viewOf,
} from '@knet/knetarray';
import { hasLstm } from './lstm-cell.js';
import { activated, cellGradient, gatesGradient, nextStates } from './lstm-formulas.js';
import { Cells, type LayerGradients, type LayerInputs, type LayerMemory, Layout, matrix, Slab, Steps, turned } from './lstm-layer.js';

/** Runs a layer: hidden states of all steps, then the last cell, `[size, batch, time + 1]`. Fills the memory. */
export function layerForward(inputs: LayerInputs, memory: LayerMemory, reverse: boolean): DeviceArray {
  const { x, bias, hidden } = inputs;
  const { device, dtype } = x;
  const { backend } = device;
  const steps = new Steps(inputs, reverse);
  const { size, batch, time } = steps;
  const y = DeviceArray.empty(device, dtype, [size, batch, time + 1]);
  temporaries(() => {
    const [state, all] = [new Layout([size, batch]), new Layout([4 * size, batch])];
    const cells = new Cells(contiguous(inputs.cell), memory, y, time, state);
    const [weight, read] = [viewOf(inputs.weight), viewOf(contiguous(x))];
    const ofInputs = turned(steps.part(weight, false));
    const recurrent = readOften(device, turned(steps.part(weight, true)), time);
    const stretch = stretchOf(all, dtype);
    for (let k = 0; k < time; k++) {
      const t = steps.at(k);
      if (k % stretch === 0) {
        // The parts of x in the gates of some steps are one product, added to the bias where it lies.
        const count = Math.min(stretch, time - k);
        const some = steps.stretch(memory.gates.view(), 4 * size, k, count);
        const repeated = { ...viewOf(bias), shape: some.shape, strides: [bias.strides[1]!, 0] };
        backend.map(copyProgram(dtype), [repeated], [], [some]);
        backend.matmul(ofInputs, steps.stretch(read, steps.inputs, k, count), some, 1, 1);
      }
      const gates = new Slab(memory.gates, t, all);
      if (k > 0) backend.matmul(recurrent, new Slab(y, steps.at(k - 1), state).view, gates.view, 1, 1);
      else if (hidden.constantValue !== 0) backend.matmul(recurrent, viewOf(hidden), gates.view, 1, 1);
      stepForward(gates, cells.after(k), new Slab(y, t, state), cells.after(k + 1));
    }
    return undefined;
  });
  return y;
}

/** Bytes of gates that are made ready at a time: what one kernel writes is then still in a cache when the next one reads it. */
const stretchBytes = 2 ** 22;

/** The steps that so many bytes are. */
function stretchOf(gates: Layout, dtype: DType): number {
  return Math.max(1, Math.floor(stretchBytes / (gates.size * bytesPerElement(dtype))));
}

/** Steps from which on a matrix that all of them read is worth a copy in a better order. */
const manySteps = 8;

/**
 * A matrix that each step reads, where it pays as a copy whose rows lie one after the other. The columns of the copy are a little farther
 * apart than they are long: at distances of whole pages, or of the powers of two below, they would meet in the same places of a cache.
 */
function readOften(device: Device, matrix: View, times: number): View {
  if (times < manySteps) return matrix;
  const [rows, columns] = matrix.shape as readonly [number, number];
  const apart = rows + 16;
  const copy = DeviceArray.empty(device, matrix.dtype, [apart, columns]).view();
  const result = { ...copy, shape: [rows, columns], strides: [1, apart] };
  device.backend.map(copyProgram(matrix.dtype), [matrix], [], [result]);
  return result;
}

function stepForward(gates: Slab, cell: Slab, hidden: Slab, newCell: Slab): void {
  const { device, dtype } = gates.array;
  const { backend } = device;
  if (hasLstm(backend, dtype)) backend.lstm?.(inBlocks(gates), cell.view, hidden.view, newCell.view);
  else {
    const next = nextStates(activated(gatesOf(gates)), cell.alias);
    computeInto(plain([next.hidden, next.cell]), [hidden.view, newCell.view]);
  }
}

/** What formulas of arrays without boxes give. */
function plain(results: readonly KnetArray[]): DeviceArray[] {
  return results.filter((x): x is DeviceArray => x instanceof DeviceArray);
}

/** The gates of a step as the kernels take them. */
function inBlocks(gates: Slab): View {
  const [rows, batch] = gates.layout.shape as readonly [number, number];
  const { storage, dtype, offset } = gates.view;
  return { storage, dtype, shape: [rows / 4, 4, batch], strides: [1, rows / 4, rows], offset };
}

/** Gate k of a step, as a view with strides. */
const gatesOf =
  (gates: Slab) =>
  (k: number): DeviceArray => {
    const [rows, batch] = gates.layout.shape as readonly [number, number];
    return gates.array.alias([rows / 4, batch], gates.view.offset + k * (rows / 4), [1, rows]);
  };

/** Walks back through time. */
export function layerBackward(inputs: LayerInputs, memory: LayerMemory, y: DeviceArray, dy: DeviceArray, reverse: boolean): LayerGradients {
  const { device, dtype } = y;
  const { backend } = device;
  const steps = new Steps(inputs, reverse);
  const { size, batch, time } = steps;
  const [state, all] = [new Layout([size, batch]), new Layout([4 * size, batch])];
  const gradients = { gates: DeviceArray.empty(device, dtype, memory.gates.shape), cell: DeviceArray.empty(device, dtype, state.shape) };
  temporaries(() => {
    const arriving = contiguous(dy);
    const cells = new Cells(contiguous(inputs.cell), memory, y, time, state);
    const recurrent = readOften(device, steps.part(viewOf(inputs.weight), true), time);
    // The gradients of the hidden states of some steps, to which those that come through the recurrence are added.
    const stretch = Math.min(time, stretchOf(all, dtype));
    const hiddens = DeviceArray.empty(device, dtype, [size, batch, stretch]);
    const other = DeviceArray.empty(device, dtype, state.shape);
    // Where the gradient of the cell after k steps lies; two places take turns.
    const cellAt = (k: number): Slab =>
      k === time ? new Slab(arriving, time, state) : new Slab(k % 2 === 0 ? gradients.cell : other, 0, state);
    let [first, lowest] = [time, 0];
    for (let k = time - 1; k >= 0; k--) {
      const t = steps.at(k);
      if (k < first) {
        first = Math.max(0, k + 1 - stretch);
        lowest = Math.min(t, steps.at(first));
        const some = steps.stretch(viewOf(arriving), size, first, k + 1 - first);
        backend.map(copyProgram(dtype), [some], [], [matrix(hiddens.view(), size, some.shape[1]!)]);
      }
      const hidden = new Slab(hiddens, t - lowest, state);
      if (k < time - 1) backend.matmul(recurrent, new Slab(gradients.gates, steps.at(k + 1), all).view, hidden.view, 1, 1);
      stepBackward({
        gates: new Slab(memory.gates, t, all),
        cell: cells.after(k),
        newCell: cells.after(k + 1),
        states: { hidden, cell: cellAt(k + 1) },
        gatesGradient: new Slab(gradients.gates, t, all),
        cellGradient: cellAt(k),
      });
    }
    return undefined;
  });
  return gradients;
}

interface BackwardStep {
  readonly gates: Slab;
  readonly cell: Slab;
  readonly newCell: Slab;
  readonly states: { readonly hidden: Slab; readonly cell: Slab };
  readonly gatesGradient: Slab;
  readonly cellGradient: Slab;
}

function stepBackward({ gates, cell, newCell, states, ...result }: BackwardStep): void {
  const { device, dtype } = gates.array;
  const { backend } = device;
  if (hasLstm(backend, dtype)) {
    const arriving = { hidden: states.hidden.view, cell: states.cell.view };
    const output = inBlocks(result.gatesGradient);
    backend.lstmGradient?.(inBlocks(gates), cell.view, newCell.view, arriving, output, result.cellGradient.view);
    return;
  }
  const after = activated(gatesOf(gates));
  const [before, next, arriving] = [cell.alias, newCell.alias, { hidden: states.hidden.alias, cell: states.cell.alias }];
  const { forget, enter, out, change } = gatesGradient(after, before, next, arriving);
  const place = gatesOf(result.gatesGradient);
  computeInto(plain([forget, enter, out, change, cellGradient(after, next, arriving)]), [
    ...[0, 1, 2, 3].map(k => place(k).view()),
    result.cellGradient.view,
  ]);
}
