/** MNIST, whole or in part, and how good a classifier is on it. */
import { type HostImages, type Mnist, minibatch, mnistFiles } from '@knet/datasets';
import { accuracy, array, type KnetArray, progress } from '@knet/knet';
import { integer } from './options.js';

/** The option for a quick look. */
export const samples = integer(60000, 'use only so many of the images');

/** The first `count` training and test images of MNIST, or all there are. */
export async function digits(count: number): Promise<Mnist> {
  const { xtrn, ytrn, xtst, ytst } = await mnistFiles();
  const first = ({ shape: [width, height, channels, images], data }: HostImages): KnetArray => {
    const n = Math.min(count, images);
    return array(data.subarray(0, width * height * channels * n), { shape: [width, height, channels, n] });
  };
  return { xtrn: first(xtrn), ytrn: ytrn.subarray(0, count), xtst: first(xtst), ytst: ytst.subarray(0, count) };
}

/**
 * Shares of the training and of the test images whose highest score is that of their digit.
 *
 * @param predict - scores `[10, n]` of n images
 */
export async function accuracies(
  predict: (x: KnetArray) => KnetArray,
  { xtrn, ytrn, xtst, ytst }: Mnist,
): Promise<{ trn: number; tst: number }> {
  return { trn: await share('trn', predict, xtrn, ytrn), tst: await share('tst', predict, xtst, ytst) };
}

async function share(label: string, predict: (x: KnetArray) => KnetArray, x: KnetArray, y: Int32Array): Promise<number> {
  let right = 0;
  // Batches of 200: what a network computes for 60,000 images at once would not fit into memory.
  for (const [images, labels] of progress(minibatch(x, y, 200, { partial: true }), { label })) {
    // Waiting for each batch also lets the garbage collector free what the batch before made.
    right += await accuracy(predict(images), labels, { average: false }).item();
  }
  return right / y.length;
}
