import { charlm, uniform, xavier } from './data.js';

/** First weights of the models, the same for every side; layouts are those that `data.ts` describes. */

/** Linear regression: 13 weights; the bias starts at 0. */
export const linregWeights = (): Float32Array => uniform(13, 0.1, 1);

/** Softmax regression: 784 to 10. */
export const softmaxWeights = (): Float32Array => uniform(784 * 10, 0.1, 2);

/** The perceptron: 784 to 64 to 10. */
export const mlpWeights = (): [Float32Array, Float32Array] => [xavier(784 * 64, 784, 64, 3), xavier(64 * 10, 64, 10, 4)];

/** LeNet: filters in OIHW order, then 800 to 500 (inputs in CHW order) to 10. */
export function lenetWeights(): [Float32Array, Float32Array, Float32Array, Float32Array] {
  return [
    xavier(20 * 1 * 25, 25, 500, 5),
    xavier(50 * 20 * 25, 500, 1250, 6),
    xavier(800 * 500, 800, 500, 7),
    xavier(500 * 10, 500, 10, 8),
  ];
}

/** The language model: embedding, gates (rows: input then hidden; columns: forget, in, out, change), projection. */
export function charlmWeights(): { embedding: Float32Array; gates: Float32Array; projection: Float32Array } {
  const { vocabulary, embed, hidden } = charlm;
  return {
    embedding: xavier(vocabulary * embed, vocabulary, embed, 9),
    gates: xavier((embed + hidden) * 4 * hidden, embed + hidden, 4 * hidden, 10),
    projection: xavier(hidden * vocabulary, hidden, vocabulary, 11),
  };
}
