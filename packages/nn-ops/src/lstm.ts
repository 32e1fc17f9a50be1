/** The cell of a long short-term memory network (Hochreiter, Schmidhuber, Neural Computation 9 (1997) 1735). */
import {
  add,
  cat,
  formatShape,
  hcat,
  KnetArray,
  mul,
  type Primitive,
  primitive,
  type Shape,
  slice,
  span,
  sub,
  tanh,
} from '@knet/knetarray';
import { sigm } from './activations.js';
import { affine } from './linear.js';

/**
 * One step of an LSTM: with gates = hcat(input, hidden) * weight + bias, in the order forget, in, out, change,
 * cell' = cell * sigm(forget) + sigm(in) * tanh(change) and hidden' = sigm(out) * tanh(cell').
 *
 * @param weight `[embed + hidden, 4 * hidden]`
 * @param bias `[1, 4 * hidden]`
 * @param hidden `[batch, hidden]`
 * @param cell `[batch, hidden]`
 * @param input `[batch, embed]`
 * @returns `[hidden', cell']`
 * @throws RangeError when the shapes do not fit
 *
 * @example
 * [hidden, cell] = lstm(w, b, hidden, cell, input);
 */
export function lstm(
  weight: KnetArray,
  bias: KnetArray,
  hidden: KnetArray,
  cell: KnetArray,
  input: KnetArray,
): [hidden: KnetArray, cell: KnetArray] {
  const size = checkedSize(weight, bias, hidden, cell, input);
  const gates = affine(hcat(input, hidden), weight, bias);
  const both = lstmCell(gates, cell);
  return [columns(both, 0, size), columns(both, 1, size)];
}

/** The number of hidden units. */
function checkedSize(weight: KnetArray, bias: KnetArray, hidden: KnetArray, cell: KnetArray, input: KnetArray): number {
  const [batch, size] = [hidden.shape[0]!, hidden.shape[1]!];
  const fits = (x: KnetArray, ...shape: number[]): boolean => x.ndim === shape.length && shape.every((n, d) => n === x.shape[d]);
  const good =
    hidden.ndim === 2 &&
    input.ndim === 2 &&
    fits(cell, batch, size) &&
    input.shape[0] === batch &&
    fits(weight, input.shape[1]! + size, 4 * size) &&
    fits(bias, 1, 4 * size);
  if (!good) {
    const shapes = { weight, bias, hidden, cell, input };
    const list = Object.entries(shapes).map(([name, x]) => `${name} ${formatShape(x.shape)}`);
    throw new RangeError(
      `lstm: shapes ${list.join(', ')} do not fit; expected weight [embed + hidden, 4 * hidden], bias [1, 4 * hidden], hidden and cell [batch, hidden], input [batch, embed]`,
    );
  }
  return size;
}

/** Block k of `size` columns: a view. */
function columns(x: KnetArray, k: number, size: number): KnetArray {
  return slice(x, ':', span(k * size, (k + 1) * size));
}

/**
 * The elementwise part of the cell, `[batch, 4 * hidden]` gates and `[batch, hidden]` cell, as one program with two outputs that
 * lie side by side: hidden' in the first columns, cell' in the others.
 *
 * The rules recompute the gates' nonlinearities, which is cheaper than to keep them for a whole sequence.
 */
const lstmCell: Primitive<(gates: KnetArray, cell: KnetArray) => KnetArray> = /* @__PURE__ */ primitive('lstm', {
  methods: [
    [
      [KnetArray, KnetArray],
      (gates: KnetArray, cell: KnetArray) => {
        const { forget, enter, out, change } = activated(gates, cell.shape);
        const next = add(mul(cell, forget), mul(enter, change));
        return cat([mul(out, tanh(next)), next], 1);
      },
    ],
  ],
  derivatives: [
    ({ args, y }) => {
      const [gates, cell] = [args[0], args[1]];
      return dy => {
        const { forget, enter, out, change } = activated(gates, cell.shape);
        const { throughCell, throughOut, squashed } = backward(dy, y, out, cell.shape);
        return cat(
          [
            mul(mul(throughCell, cell), slope(forget)),
            mul(mul(throughCell, change), slope(enter)),
            mul(mul(throughOut, squashed), slope(out)),
            mul(mul(throughCell, enter), sub(1, mul(change, change))),
          ],
          1,
        );
      };
    },
    context => {
      const { y } = context;
      const gates = context.args[0];
      const shape = context.describe(1) as Shape;
      return dy => {
        const { forget, out } = activated(gates, shape);
        return mul(backward(dy, y, out, shape).throughCell, forget);
      };
    },
  ],
});

/** The gates after their nonlinearities. */
function activated(gates: KnetArray, shape: Shape) {
  const gate = (k: number): KnetArray => columns(gates, k, shape[1]!);
  return {
    forget: sigm<KnetArray>(gate(0)),
    enter: sigm<KnetArray>(gate(1)),
    out: sigm<KnetArray>(gate(2)),
    change: tanh<KnetArray>(gate(3)),
  };
}

/** The gradients that arrive at cell' and, through hidden', at the out gate. */
function backward(dy: KnetArray, y: KnetArray, out: KnetArray, shape: Shape) {
  const [throughOut, direct] = [columns(dy, 0, shape[1]!), columns(dy, 1, shape[1]!)];
  const squashed = tanh<KnetArray>(columns(y, 1, shape[1]!));
  return { throughOut, squashed, throughCell: add(direct, mul(mul(throughOut, out), sub(1, mul(squashed, squashed)))) };
}

/** Derivative of the logistic function, from its value. */
function slope(s: KnetArray): KnetArray {
  return mul(s, sub(1, s));
}
