/** Losses and accuracy. Nothing is read back: every result is a 0-d array on the device. */
import {
  argmax,
  div,
  formatShape,
  gather,
  ge,
  type KnetArray,
  mean,
  mul,
  neg,
  normalizeDim,
  sameShape,
  sub,
  sum,
  value,
  vec,
} from '@knet/knetarray';
import { softplus } from './activations.js';
import { countEqual, countedLabels, type Labels, labelLayout, labelPositions, labelScale, labelVector } from './labels.js';
import { logp } from './softmax.js';

export type { Labels } from './labels.js';

/** Options of losses. */
export interface LossOptions {
  /** Divide by the number of instances that count. Default true. */
  average?: boolean;
}

/** Options of losses over classes. */
export interface ClassLossOptions extends LossOptions {
  /** The dimension of the scores along which the classes lie. Default 0. */
  dims?: number;
}

/**
 * Negative log likelihood of the right classes, averaged over the instances that count. Scores are any numbers, they are
 * normalised here. Labels are class numbers from 0, one per instance; -1 skips an instance.
 *
 * @throws RangeError when the number of labels differs from that of instances, or a label on the host is no class. With labels
 * on the device, a label that is no class makes the result NaN.
 *
 * @example
 * nll(w.matmul(x), [3, 0, -1, 7]); // scores [10, 4]
 */
export function nll(scores: KnetArray, labels: Labels, { dims = 0, average = true }: ClassLossOptions = {}): KnetArray {
  const layout = labelLayout(scores, labels, dims, 'nll');
  const logs = logp(scores, { dims: layout.dim });
  const total = neg(sum(gather(vec(logs), labelPositions(scores, layout))));
  const counted = countedLabels(layout);
  if (counted === undefined) return mul(total, labelScale(scores, { ...layout, average }));
  return average ? div(total, counted) : total;
}

/**
 * Share of the instances whose highest score is that of their class, of those that count; with `average: false` their number.
 *
 * @throws RangeError as {@link nll} does
 *
 * @example
 * await accuracy(predict(w, x), y).item(); // 0.92
 */
export function accuracy(scores: KnetArray, labels: Labels, { dims = 0, average = true }: ClassLossOptions = {}): KnetArray {
  const plain = value(scores);
  const layout = labelLayout(plain, labels, dims, 'accuracy');
  const list = labelVector(plain, layout);
  const right = countEqual(argmax(plain, { dims: layout.dim }), list);
  return average ? div(right, countedLabels(layout) ?? sum(ge(list, 0))) : right;
}

/**
 * Negative log likelihood of a distribution over classes, one per instance, of the same shape as the scores: with one-hot
 * columns it is {@link nll}.
 *
 * @throws RangeError when the shapes differ
 *
 * @example
 * softmaxLoss(predict(w, x), onehot(y, 10));
 */
export function softmaxLoss(scores: KnetArray, gold: KnetArray, { dims = 0, average = true }: ClassLossOptions = {}): KnetArray {
  checkShapes(scores, gold, 'softmaxLoss');
  const dim = normalizeDim(dims, scores.ndim, 'softmaxLoss');
  const total = neg(sum(mul(gold, logp(scores, { dims: dim }))));
  return average ? div(total, scores.size / scores.shape[dim]!) : total;
}

/**
 * Binary cross entropy with labels 0 and 1 (or probabilities). Scores are any numbers: sigm(score) is the probability of 1.
 *
 * @throws RangeError when the shapes differ
 */
export function bce(scores: KnetArray, labels: KnetArray, { average = true }: LossOptions = {}): KnetArray {
  checkShapes(scores, labels, 'bce');
  const losses = sub(softplus(scores), mul(scores, labels));
  return average ? mean(losses) : sum(losses);
}

/**
 * Logistic loss log(1 + exp(-label * score)) with labels -1 and 1.
 *
 * @throws RangeError when the shapes differ
 */
export function logistic(scores: KnetArray, labels: KnetArray, { average = true }: LossOptions = {}): KnetArray {
  checkShapes(scores, labels, 'logistic');
  const losses = softplus(neg(mul(scores, labels)));
  return average ? mean(losses) : sum(losses);
}

function checkShapes(scores: KnetArray, labels: KnetArray, caller: string): void {
  if (!sameShape(scores.shape, labels.shape)) {
    throw new RangeError(
      `${caller}: scores of shape ${formatShape(scores.shape)} and labels of shape ${formatShape(labels.shape)} must have one shape`,
    );
  }
}
