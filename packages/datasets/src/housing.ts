import { type ArrayOptions, array, type KnetArray } from '@knet/knetarray';
import { housingFiles } from './housing-files.js';
import type { SourceOptions } from './source.js';

/** Boston house prices as arrays. */
export interface Housing {
  /** `[13, 506]`, each attribute with mean 0 and standard deviation 1. */
  readonly x: KnetArray;
  /** `[1, 506]`, in 1000 dollars. */
  readonly y: KnetArray;
}

/**
 * Boston house prices (Harrison and Rubinfeld 1978): 13 attributes of 506 districts, normalised, and their median house values.
 *
 * @param options where the file is read from; dtype (default float32) and device of the arrays
 * @throws if the file cannot be read or is not the published one
 * @example
 * const { x, y } = await housing();
 */
export async function housing({ dtype = 'float32', device, ...source }: SourceOptions & ArrayOptions = {}): Promise<Housing> {
  const { x, y } = await housingFiles(source);
  return { x: array(x.data, { shape: x.shape, dtype, device }), y: array(y.data, { shape: y.shape, dtype, device }) };
}
