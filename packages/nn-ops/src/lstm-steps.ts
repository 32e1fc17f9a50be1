/** A whole LSTM layer of cells, one after the other: what an outer gradient computation goes on with. */
import { grad, type KnetArray, mul, permute, slice, stack, sum, transpose } from '@knet/knetarray';
import { lstm } from './lstm.js';

/** What a layer reads, boxed or not; see {@link LayerInputs}. */
export type LayerArguments = readonly [weight: KnetArray, bias: KnetArray, x: KnetArray, hidden: KnetArray, cell: KnetArray];

/** The result of a layer from one cell after the other. */
export function stepByStep([weight, bias, x, hidden, cell]: LayerArguments, reverse: boolean): KnetArray {
  const time = x.shape[2]!;
  let [h, c] = [transpose(hidden), transpose(cell)];
  const outputs = new Array<KnetArray>(time + 1);
  for (let k = 0; k < time; k++) {
    const t = reverse ? time - 1 - k : k;
    [h, c] = lstm(weight, bias, h, c, transpose(slice(x, ':', ':', t)));
    outputs[t] = h;
  }
  outputs[time] = c;
  return permute(stack(outputs), [1, 0, 2]);
}

/** The gradients of all arguments with functions that have derivatives, and the gradient of the result that they belong to. */
export interface BoxedGradients {
  readonly dy: KnetArray;
  readonly gradients: readonly KnetArray[];
}

/** The gradients for dy: those known before if they are the same, or new ones. */
export function gradientsByStep(known: BoxedGradients | undefined, args: LayerArguments, dy: KnetArray, reverse: boolean): BoxedGradients {
  if (known?.dy === dy) return known;
  return { dy, gradients: grad((all: LayerArguments) => sum(mul(dy, stepByStep(all, reverse))))(args) };
}
