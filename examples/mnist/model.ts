/** A multilayer perceptron that tells digits apart; with no hidden layer it is softmax regression. */
import { type KnetArray, mat, nll, rand, relu, xavier, zeros } from '@knet/knet';

/** Weight matrix and bias of one layer. */
export type Layer = [w: KnetArray, b: KnetArray];

/** Scores `[10, n]` of images `[28, 28, 1, n]`: a loop over the layers, with relu between them. */
export function predict(layers: readonly Layer[], images: KnetArray): KnetArray {
  let x = mat(images); // each image as a column of 784 pixels
  for (const [i, [w, b]] of layers.entries()) x = w.matmul(i === 0 ? x : relu(x)).add(b);
  return x;
}

/** Negative log likelihood of the right digits, which normalises the scores as softmax does. */
export const loss = (layers: readonly Layer[], x: KnetArray, labels: Int32Array): KnetArray => nll(predict(layers, x), labels);

/** Layers from 784 pixels through the hidden sizes to 10 digits. */
export function initialLayers(hidden: readonly number[]): Layer[] {
  // Without a hidden layer any small numbers do: between -0.1 and 0.1. Deeper networks want numbers that fit their sizes.
  if (hidden.length === 0) return [[rand([10, 784]).sub(0.5).mul(0.2), zeros([10, 1])]];
  const sizes = [784, ...hidden, 10];
  return sizes.slice(1).map((out, i) => [xavier([out, sizes[i]!]), zeros([out, 1])]);
}
