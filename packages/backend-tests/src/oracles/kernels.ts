/** The optional kernels as small loops in float64. */
import type { ConvolutionGeometry, ConvolutionKind, PoolingGeometry, SoftmaxGeometry, SoftmaxKind } from '@knet/knetarray';
import { count, indexOf, positionOf } from '../host.js';

type Numbers = ArrayLike<number>;

/** Result of a convolution kernel, from its operands in the order of the contract. */
export function convolutionOracle(kind: ConvolutionKind, g: ConvolutionGeometry, a: Numbers, b: Numbers): Float64Array {
  const [perInput, perOutput] = [g.inputs / g.group, g.outputs / g.group];
  const shapes = { w: [...g.w, perInput, g.outputs], x: [...g.x, g.inputs, g.batch], y: [...g.y, g.outputs, g.batch] };
  const result = new Float64Array(count(kind === 'forward' ? shapes.y : kind === 'gradientX' ? shapes.x : shapes.w));
  for (let w = 0; w < count(shapes.w); w++) {
    const position = positionOf(w, shapes.w);
    const [i, o] = position.slice(-2) as [number, number];
    const input = Math.floor(o / perOutput) * perInput + i;
    for (let p = 0; p < count(g.y); p++) {
      const at = positionOf(p, g.y);
      const from = at.map((y, d) => {
        const tap = g.flip ? g.w[d]! - 1 - position[d]! : position[d]!;
        return y * g.stride[d]! - g.padding[d]! + tap * g.dilation[d]!;
      });
      if (from.some((x, d) => x < 0 || x >= g.x[d]!)) continue;
      for (let n = 0; n < g.batch; n++) {
        const x = indexOf([...from, input, n], shapes.x);
        const y = indexOf([...at, o, n], shapes.y);
        if (kind === 'forward') result[y]! += g.alpha * a[w]! * b[x]!;
        else if (kind === 'gradientX') result[x]! += g.alpha * a[w]! * b[y]!;
        else result[w]! += g.alpha * a[x]! * b[y]!;
      }
    }
  }
  return result;
}

/** The largest element of every window, the first one of a tie, and where it is. */
export function maxPoolingOracle(g: PoolingGeometry, x: Numbers): { y: Float64Array; indices: Int32Array } {
  const [xPlane, yPlane] = [count(g.x), count(g.y)];
  const y = new Float64Array(yPlane * g.planes);
  const indices = new Int32Array(y.length);
  for (let i = 0; i < y.length; i++) {
    const plane = Math.floor(i / yPlane);
    const at = positionOf(i % yPlane, g.y);
    let best = -1;
    for (let k = 0; k < xPlane; k++) {
      const position = positionOf(k, g.x);
      const inside = position.every((p, d) => {
        const start = at[d]! * g.stride[d]! - g.padding[d]!;
        return p >= start && p < start + g.window[d]!;
      });
      if (inside && (best < 0 || x[plane * xPlane + k]! > x[best]!)) best = plane * xPlane + k;
    }
    y[i] = x[best]!;
    indices[i] = best;
  }
  return { y, indices };
}

/** Calls `visit` with the indices of each group of elements that are normalised together. */
function forGroups({ inner, length, outer }: SoftmaxGeometry, visit: (group: readonly number[]) => void): void {
  for (let o = 0; o < outer; o++) for (let i = 0; i < inner; i++) visit(Array.from({ length }, (_, l) => i + inner * (l + length * o)));
}

/** Softmax or its logarithm. */
export function softmaxOracle(kind: SoftmaxKind, g: SoftmaxGeometry, x: Numbers): Float64Array {
  const y = new Float64Array(x.length);
  forGroups(g, group => {
    const most = Math.max(...group.map(i => x[i]!));
    const total = group.reduce((sum, i) => sum + Math.exp(x[i]! - most), 0);
    for (const i of group) y[i] = kind === 'logp' ? x[i]! - most - Math.log(total) : Math.exp(x[i]! - most) / total;
  });
  return y;
}

/** The gradient with respect to x, from y and dy. */
export function softmaxGradientOracle(kind: SoftmaxKind, g: SoftmaxGeometry, y: Numbers, dy: Numbers): Float64Array {
  const dx = new Float64Array(y.length);
  forGroups(g, group => {
    const total = group.reduce((sum, i) => sum + dy[i]! * (kind === 'logp' ? 1 : y[i]!), 0);
    for (const i of group) dx[i] = kind === 'logp' ? dy[i]! - Math.exp(y[i]!) * total : y[i]! * (dy[i]! - total);
  });
  return dx;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** The nonlinearities of the gates of state i, in the order forget, in, out, change, and where they are. */
function gatesOf(gates: Numbers, n: number, i: number): { value: [number, number, number, number]; place: (k: number) => number } {
  const place = (k: number): number => (i % n) + n * (k + 4 * Math.floor(i / n));
  const gate = (k: number): number => gates[place(k)]!;
  return { value: [sigmoid(gate(0)), sigmoid(gate(1)), sigmoid(gate(2)), Math.tanh(gate(3))], place };
}

/** New states of LSTM cells; gates are `[n, 4, m]`. */
export function lstmOracle(gates: Numbers, cell: Numbers, n: number): { hidden: Float64Array; cell: Float64Array } {
  const next = Float64Array.from(cell, (c, i) => {
    const [forget, enter, , change] = gatesOf(gates, n, i).value;
    return c * forget + enter * change;
  });
  return { hidden: next.map((c, i) => gatesOf(gates, n, i).value[2] * Math.tanh(c)), cell: next };
}

/** What the gradient of LSTM cells is made from. */
export interface LstmArguments {
  readonly gates: Numbers;
  readonly cell: Numbers;
  readonly newCell: Numbers;
  /** Gradients of the new states. */
  readonly hiddenGradient: Numbers;
  readonly cellGradient: Numbers;
}

/** Gradients of gates and cell. */
export function lstmGradientOracle(given: LstmArguments, n: number): { gates: Float64Array; cell: Float64Array } {
  const result = { gates: new Float64Array(given.gates.length), cell: new Float64Array(given.cell.length) };
  for (let i = 0; i < given.cell.length; i++) {
    const { value, place } = gatesOf(given.gates, n, i);
    const [forget, enter, out, change] = value;
    const squashed = Math.tanh(given.newCell[i]!);
    const direct = given.hiddenGradient[i]!;
    const arriving = given.cellGradient[i]! + direct * out * (1 - squashed ** 2);
    result.cell[i] = arriving * forget;
    result.gates[place(0)] = arriving * given.cell[i]! * forget * (1 - forget);
    result.gates[place(1)] = arriving * change * enter * (1 - enter);
    result.gates[place(2)] = direct * squashed * out * (1 - out);
    result.gates[place(3)] = arriving * enter * (1 - change ** 2);
  }
  return result;
}
