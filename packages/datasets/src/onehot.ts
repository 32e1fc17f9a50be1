import { type ArrayOptions, array, type KnetArray } from '@knet/knetarray';

/**
 * Class numbers as columns of zeros with a one in the row of the class.
 *
 * @param labels class numbers from 0
 * @param classes number of rows
 * @param options dtype (default float32) and device of the array
 * @returns `[classes, labels.length]`
 * @throws RangeError for a label that is no class number
 * @example
 * onehot([2, 0], 3); // [[0, 1], [0, 0], [1, 0]]
 */
export function onehot(labels: ArrayLike<number>, classes: number, { dtype = 'float32', device }: ArrayOptions = {}): KnetArray {
  if (!Number.isSafeInteger(classes) || classes < 1)
    throw new RangeError(`onehot: classes must be a whole number of at least 1, not ${classes}`);
  const data = new Float32Array(classes * labels.length);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (!Number.isInteger(label) || label < 0 || label >= classes)
      throw new RangeError(`onehot: label ${i} is ${label}; with ${classes} classes labels are 0 to ${classes - 1}`);
    data[i * classes + label] = 1;
  }
  return array(data, { shape: [classes, labels.length], dtype, device });
}
