/** LeNet, a convolutional network that tells digits apart. */
import { conv4, type KnetArray, mat, nll, pool, relu, xavier, zeros } from '@knet/knet';

/** Filters or matrix, and bias, of two convolutions and two dense layers. */
export type Weights = ReturnType<typeof initialWeights>;

/** New weights. A bias is broadcast: over the pixels and images of a map, or over the columns of a layer. */
export function initialWeights() {
  return {
    conv1: { w: xavier([5, 5, 1, 20]), b: zeros([1, 1, 20, 1]) },
    conv2: { w: xavier([5, 5, 20, 50]), b: zeros([1, 1, 50, 1]) },
    dense1: { w: xavier([500, 800]), b: zeros([500, 1]) },
    dense2: { w: xavier([10, 500]), b: zeros([10, 1]) },
  };
}

/** Scores `[10, n]` of images `[28, 28, 1, n]`. */
export function predict({ conv1, conv2, dense1, dense2 }: Weights, x0: KnetArray): KnetArray {
  const x1 = pool(relu(conv4(conv1.w, x0).add(conv1.b))); // 20 maps of 12 x 12: a filter of 5 x 5 takes 4 pixels, pooling halves
  const x2 = pool(relu(conv4(conv2.w, x1).add(conv2.b))); // 50 maps of 4 x 4
  const x3 = relu(dense1.w.matmul(mat(x2)).add(dense1.b)); // the 800 numbers of an image as a column
  return dense2.w.matmul(x3).add(dense2.b);
}

/** Negative log likelihood of the right digits, which normalises the scores as softmax does. */
export const loss = (w: Weights, x: KnetArray, labels: Int32Array): KnetArray => nll(predict(w, x), labels);
