/**
 * Neural network operations with their derivatives, to any order and on any backend.
 *
 * @packageDocumentation
 */
export { logsumexp, mat, tanh } from '@knet/knetarray';
export * from './activations.js';
export { CONVOLUTION, type ConvolutionOptions, CROSS_CORRELATION, conv4, deconv4 } from './convolution.js';
export { type DropoutOptions, dropout } from './dropout.js';
export { bilinear, gaussian, xavier } from './initializers.js';
export { accuracy, bce, type ClassLossOptions, type Labels, type LossOptions, logistic, nll, softmaxLoss } from './losses.js';
export { AVERAGE_EXCLUDE_PADDING, AVERAGE_INCLUDE_PADDING, MAX, type PoolingOptions, pool, unpool } from './pooling.js';
export { logp, logsoftmax, softmax } from './softmax.js';
export type { PerDimension } from './spatial.js';
