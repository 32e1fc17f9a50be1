/** The optional kernel of a whole LSTM layer in plain loops, on top of a backend that can block. */
import { type Backend, type LstmLayerGeometry, type LstmLayerViews, sizeOf, type TypedArray, typedArray, type View } from '@knet/knetarray';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Numbers that are kept of a layer: of each step the gates after their nonlinearities, then the cell that they made. */
const keptLength = ({ size, batch, time }: LstmLayerGeometry): number => 5 * size * batch * time;

/** Bytes of what is kept. */
export function layerMemory(g: LstmLayerGeometry): number {
  return keptLength(g) * Float64Array.BYTES_PER_ELEMENT;
}

/** Runs a layer; see `Backend.lstmLayer`. */
export function layerForward(backend: Backend, g: LstmLayerGeometry, inputs: LstmLayerViews, y: View, memory: View | undefined): void {
  const { size, batch, time } = g;
  const given = readAll(backend, inputs);
  const kept = new Float64Array(keptLength(g));
  const result = typedArray(y.dtype, size * batch * (time + 1));
  let [hidden, cell] = [Float64Array.from(given.hidden), Float64Array.from(given.cell)];
  for (let t = 0; t < time; t++) {
    const next = { hidden: hidden.slice(), cell: cell.slice() };
    for (let i = 0; i < size * batch; i++) {
      const unit = i % size;
      const instance = (i - unit) / size;
      const gate = (k: number): number => {
        let sum = given.bias[unit + size * k]!;
        eachFactor(g, given, hidden, unit + size * k, instance, t, (factor, at) => {
          sum += given.weight[at]! * factor;
        });
        return sum;
      };
      const [forget, enter, out, change] = [sigmoid(gate(0)), sigmoid(gate(1)), sigmoid(gate(2)), Math.tanh(gate(3))];
      next.cell[i] = forget * cell[i]! + enter * change;
      next.hidden[i] = out * Math.tanh(next.cell[i]!);
      kept.set([forget, enter, out, change, next.cell[i]!], 5 * (i + size * batch * t));
    }
    ({ hidden, cell } = next);
    result.set(hidden, size * batch * t);
  }
  result.set(cell, size * batch * time);
  backend.write(y.storage, y.offset, result);
  if (memory !== undefined) backend.write(memory.storage, memory.offset, new Uint8Array(kept.buffer));
}

/** The gradients of what a layer has read; see `Backend.lstmLayerGradient`. */
export function layerBackward(
  backend: Backend,
  g: LstmLayerGeometry,
  inputs: LstmLayerViews,
  y: View,
  dy: View,
  memory: View,
  gradients: LstmLayerViews,
): void {
  const { size, batch, time } = g;
  const given = readAll(backend, inputs);
  const [result, arriving] = [read(backend, y), read(backend, dy)];
  const kept = new Float64Array(Uint8Array.from(read(backend, memory)).buffer);
  const states = size * batch;
  const sums = {
    weight: new Float64Array(given.weight.length),
    bias: new Float64Array(given.bias.length),
    x: new Float64Array(given.x.length),
    hidden: new Float64Array(states),
    cell: Float64Array.from(arriving.subarray(states * time)),
  };
  for (let t = time - 1; t >= 0; t--) {
    const before = t === 0 ? given.hidden : result.subarray(states * (t - 1), states * t);
    const direct = sums.hidden.map((d, i) => d + arriving[i + states * t]!);
    sums.hidden.fill(0);
    for (let i = 0; i < states; i++) {
      const at = 5 * (i + states * t);
      const [forget, enter, out, change, cell] = [kept[at]!, kept[at + 1]!, kept[at + 2]!, kept[at + 3]!, kept[at + 4]!] as const;
      const previous = t === 0 ? given.cell[i]! : kept[at - 5 * states + 4]!;
      const squashed = Math.tanh(cell);
      const all = sums.cell[i]! + direct[i]! * out * (1 - squashed ** 2);
      const gates = [
        all * previous * forget * (1 - forget),
        all * change * enter * (1 - enter),
        direct[i]! * squashed * out * (1 - out),
        all * enter * (1 - change ** 2),
      ];
      sums.cell[i] = all * forget;
      const unit = i % size;
      const instance = (i - unit) / size;
      gates.forEach((gradient, k) => {
        sums.bias[unit + size * k]! += gradient;
        eachFactor(g, given, before, unit + size * k, instance, t, (factor, row, of, place) => {
          sums.weight[row]! += gradient * factor;
          sums[of][place]! += gradient * given.weight[row]!;
        });
      });
    }
  }
  for (const name of ['weight', 'bias', 'x', 'hidden', 'cell'] as const) {
    const view = gradients[name];
    const data = typedArray(view.dtype, sums[name].length);
    data.set(sums[name]);
    backend.write(view.storage, view.offset, data);
  }
}

/** Calls `visit` with every number that one gate of one instance multiplies at a step: its factor's place in the weight, and its own. */
function eachFactor(
  { inputs, size, batch }: LstmLayerGeometry,
  { x }: { readonly x: TypedArray },
  hidden: ArrayLike<number>,
  column: number,
  instance: number,
  t: number,
  visit: (factor: number, at: number, of: 'x' | 'hidden', place: number) => void,
): void {
  const first = (inputs + size) * column;
  for (let i = 0; i < inputs; i++) {
    const place = i + inputs * (instance + batch * t);
    visit(x[place]!, first + i, 'x', place);
  }
  for (let i = 0; i < size; i++) {
    const place = i + size * instance;
    visit(hidden[place]!, first + inputs + i, 'hidden', place);
  }
}

function readAll(backend: Backend, { weight, bias, x, hidden, cell }: LstmLayerViews): Record<keyof LstmLayerViews, TypedArray> {
  const of = (view: View): TypedArray => read(backend, view);
  return { weight: of(weight), bias: of(bias), x: of(x), hidden: of(hidden), cell: of(cell) };
}

function read(backend: Backend, { storage, dtype, shape, offset }: View): TypedArray {
  const data = backend.readSync?.(storage, dtype, offset, sizeOf(shape));
  if (data === undefined) throw new Error('mockDevice: the inner backend must be able to block');
  return data;
}
