/** The cell of a long short-term memory network (Hochreiter, Schmidhuber, Neural Computation 9 (1997) 1735). */
import { formatShape, hcat, type KnetArray } from '@knet/knetarray';
import { affine } from './linear.js';
import { columns, lstmCell } from './lstm-cell.js';

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
