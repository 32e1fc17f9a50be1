/** The cell of a gated recurrent network (Cho et al., https://arxiv.org/abs/1406.1078), in the form that cuDNN and PyTorch use. */
import { add, formatShape, hcat, type KnetArray, mul, slice, span, sub, tanh } from '@knet/knetarray';
import { sigm } from './activations.js';
import { affine } from './linear.js';

/**
 * One step of a GRU. The columns of weight `[embed + hidden, 4 * hidden]` and bias `[1, 4 * hidden]` are four blocks: reset gate r,
 * update gate u, the candidate's part from the input a, and its part from the hidden state b. With
 * r = sigm(..), u = sigm(..), the result is hidden' = (1 - u) * tanh(a + r * b) + u * hidden. The rows of the hidden state in
 * block a and those of the input in block b are not used.
 *
 * @param hidden `[batch, hidden]`
 * @param input `[batch, embed]`
 * @throws RangeError when the shapes do not fit
 */
export function gru(weight: KnetArray, bias: KnetArray, hidden: KnetArray, input: KnetArray): KnetArray {
  const [embed, size] = [input.shape[1]!, hidden.shape[1]!];
  if (weight.shape[0] !== embed + size || weight.shape[1] !== 4 * size || bias.size !== 4 * size || input.shape[0] !== hidden.shape[0]) {
    throw new RangeError(
      `gru: shapes weight ${formatShape(weight.shape)}, bias ${formatShape(bias.shape)}, hidden ${formatShape(hidden.shape)}, input ${formatShape(input.shape)} do not fit; expected weight [embed + hidden, 4 * hidden], bias [1, 4 * hidden]`,
    );
  }
  const block = (x: KnetArray, from: number, to = from + 1): KnetArray => slice(x, ':', span(from * size, to * size));
  const gates = sigm<KnetArray>(affine(hcat(input, hidden), block(weight, 0, 2), block(bias, 0, 2)));
  const fromInput = affine(input, slice(weight, span(0, embed), span(2 * size, 3 * size)), block(bias, 2));
  const fromHidden = affine(hidden, slice(weight, span(embed, embed + size), span(3 * size, 4 * size)), block(bias, 3));
  const [reset, update] = [block(gates, 0), block(gates, 1)];
  const candidate = tanh<KnetArray>(add(fromInput, mul(reset, fromHidden)));
  return add(mul(sub(1, update), candidate), mul(update, hidden));
}
