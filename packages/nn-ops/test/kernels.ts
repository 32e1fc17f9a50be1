/** The optional kernels softmax, lstm and lstmLayer in plain loops, on top of a backend that can block: to run what is written for devices that have them. */
import { type Backend, sizeOf, type TypedArray, typedArray, type View } from '@knet/knetarray';
import { layerBackward, layerForward, layerMemory } from '../../backend-tests/src/mock-lstm-layer.js';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** A backend with the kernels softmax and lstm. */
export function withKernels(backend: Backend, name: string): Backend {
  const read = (view: View): TypedArray => {
    const data = backend.readSync?.(view.storage, view.dtype, view.offset, sizeOf(view.shape));
    if (data === undefined) throw new Error('withKernels: the backend must be able to block');
    return data;
  };
  const fill = (view: View, element: (i: number) => number): void => {
    const data = typedArray(view.dtype, sizeOf(view.shape));
    for (let i = 0; i < data.length; i++) data[i] = element(i);
    backend.write(view.storage, view.offset, data);
  };
  // Gate k of element i of the states: gates are [n, 4, m], states [n, m].
  const place = (n: number, i: number, k: number): number => (i % n) + n * (k + 4 * Math.floor(i / n));
  const activated = (gates: TypedArray, n: number, i: number): [number, number, number, number] => {
    const gate = (k: number): number => gates[place(n, i, k)]!;
    return [sigmoid(gate(0)), sigmoid(gate(1)), sigmoid(gate(2)), Math.tanh(gate(3))];
  };
  const kernels: Pick<Backend, 'lstm' | 'lstmGradient' | 'softmax' | 'softmaxGradient'> = {
    lstm: (gates, cell, newHidden, newCell) => {
      const [g, c, n] = [read(gates), read(cell), gates.shape[0]!];
      const next = c.map((x, i) => {
        const [forget, enter, , change] = activated(g, n, i);
        return forget * x + enter * change;
      });
      fill(newCell, i => next[i]!);
      fill(newHidden, i => activated(g, n, i)[2] * Math.tanh(next[i]!));
    },
    lstmGradient: (gates, cell, newCell, states, gatesGradient, cellGradient) => {
      const [g, c, next, n] = [read(gates), read(cell), read(newCell), gates.shape[0]!];
      const [dh, dc] = [read(states.hidden), read(states.cell)];
      const result = new Float64Array(g.length);
      fill(cellGradient, i => {
        const [forget, enter, out, change] = activated(g, n, i);
        const squashed = Math.tanh(next[i]!);
        const arriving = dc[i]! + dh[i]! * out * (1 - squashed ** 2);
        result[place(n, i, 0)] = arriving * c[i]! * forget * (1 - forget);
        result[place(n, i, 1)] = arriving * change * enter * (1 - enter);
        result[place(n, i, 2)] = dh[i]! * squashed * out * (1 - out);
        result[place(n, i, 3)] = arriving * enter * (1 - change ** 2);
        return arriving * forget;
      });
      fill(gatesGradient, i => result[i]!);
    },
    softmax: (kind, { inner, length }, x, output) => {
      const raw = read(x);
      const most = groups(inner, length, i => raw[i]!, raw.length, Math.max);
      const data = raw.map((v, i) => v - most(i));
      const sums = groups(inner, length, i => Math.exp(data[i]!), data.length);
      fill(output, i => (kind === 'softmax' ? Math.exp(data[i]!) / sums(i) : data[i]! - Math.log(sums(i))));
    },
    softmaxGradient: (kind, { inner, length }, y, dy, output) => {
      const [result, arriving] = [read(y), read(dy)];
      const sums = groups(inner, length, i => arriving[i]! * (kind === 'softmax' ? result[i]! : 1), result.length);
      fill(output, i => (kind === 'softmax' ? result[i]! * (arriving[i]! - sums(i)) : arriving[i]! - Math.exp(result[i]!) * sums(i)));
    },
  };
  return withMembers(backend, name, ['softmax', 'lstm'], kernels);
}

/** A backend with the kernel lstmLayer, which notes of every layer whether it has to keep something for its gradient. */
export function withLayers(backend: Backend, name: string, kept: boolean[] = []): Backend {
  return withMembers(backend, name, ['lstmLayer'], {
    // One that does not take every geometry.
    lstmLayerMemory: geometry => (geometry.time > 100 ? undefined : layerMemory(geometry)),
    lstmLayer: (geometry, inputs, y, memory) => {
      kept.push(memory !== undefined);
      layerForward(backend, geometry, inputs, y, memory);
    },
    lstmLayerGradient: (geometry, inputs, y, dy, memory, gradients) => layerBackward(backend, geometry, inputs, y, dy, memory, gradients),
  });
}

/** A backend that has these members beside its own, and says that it has kernels of these names for float32 and float64. */
function withMembers(backend: Backend, name: string, names: readonly string[], members: Partial<Backend>): Backend {
  return new Proxy(backend, {
    get(target, key) {
      if (key in members) return members[key as keyof Backend];
      if (key === 'name') return name;
      const member: unknown = Reflect.get(target, key);
      if (key === 'supports')
        return (kernel: Parameters<Backend['supports']>[0], dtype: Parameters<Backend['supports']>[1]) =>
          names.includes(kernel) ? dtype === 'float32' || dtype === 'float64' : target.supports(kernel, dtype);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

/** Sums, or another fold, over the middle dimension of `[inner, length, outer]`, by the position of any element. */
function groups(
  inner: number,
  length: number,
  element: (i: number) => number,
  size: number,
  fold: (a: number, b: number) => number = (a, b) => a + b,
): (i: number) => number {
  const group = (i: number): number => (i % inner) + inner * Math.floor(i / (inner * length));
  const results = new Map<number, number>();
  for (let i = 0; i < size; i++) {
    const before = results.get(group(i));
    results.set(group(i), before === undefined ? element(i) : fold(before, element(i)));
  }
  return i => results.get(group(i)) ?? Number.NaN;
}
