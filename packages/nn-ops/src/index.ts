/**
 * Neural network operations with their derivatives, to any order and on any backend.
 *
 * @packageDocumentation
 */
export { logsumexp, mat, tanh } from '@knet/knetarray';
export * from './activations.js';
export { CONVOLUTION, type ConvolutionOptions, CROSS_CORRELATION, conv4, deconv4 } from './convolution.js';
export { type DropoutOptions, dropout } from './dropout.js';
export { embedding, type IndexList } from './embedding.js';
export { gru } from './gru.js';
export { bilinear, gaussian, xavier } from './initializers.js';
export { accuracy, bce, type ClassLossOptions, type Labels, type LossOptions, logistic, nll, softmaxLoss } from './losses.js';
export { lstm } from './lstm.js';
export {
  type BatchMoments,
  type BatchnormOptions,
  batchnorm,
  bnmoments,
  bnparams,
  type LayernormOptions,
  layernorm,
} from './normalization.js';
export { AVERAGE_EXCLUDE_PADDING, AVERAGE_INCLUDE_PADDING, MAX, type PoolingOptions, pool, unpool } from './pooling.js';
export { relu } from './relu.js';
export { Rnn, type RnnLayer, type RnnOptions, type RnnResult, type RnnState, type RnnType, rnn, rnnWeights } from './rnn.js';
export { logp, logsoftmax, softmax } from './softmax.js';
export type { PerDimension } from './spatial.js';
