import { type ArrayOptions, array, type KnetArray } from '@knet/knetarray';
import { type HostImages, mnistFiles } from './mnist-files.js';
import type { SourceOptions } from './source.js';

/** MNIST as arrays, with the digits as class numbers on the host. */
export interface Mnist {
  /** 60,000 training images, `[28, 28, 1, 60000]`, pixels from 0 (background) to 1. */
  readonly xtrn: KnetArray;
  /** Their digits, 0 to 9. */
  readonly ytrn: Int32Array;
  /** 10,000 test images, `[28, 28, 1, 10000]`. */
  readonly xtst: KnetArray;
  /** Their digits. */
  readonly ytst: Int32Array;
}

/**
 * The handwritten digits of MNIST (Y. LeCun, C. Cortes, C. Burges). The first dimension runs along a row of pixels.
 *
 * @param options where the files are read from; dtype (default float32) and device of the images
 * @throws if a file cannot be read or is not the published one; never part of the set
 * @example
 * const { xtrn, ytrn, xtst, ytst } = await mnist();
 * for (const [x, y] of minibatch(xtrn, ytrn, 100)) ...
 */
export async function mnist({ dtype = 'float32', device, ...source }: SourceOptions & ArrayOptions = {}): Promise<Mnist> {
  const { xtrn, ytrn, xtst, ytst } = await mnistFiles(source);
  const images = ({ shape, data }: HostImages) => array(data, { shape, dtype, device });
  return { xtrn: images(xtrn), ytrn, xtst: images(xtst), ytst };
}
