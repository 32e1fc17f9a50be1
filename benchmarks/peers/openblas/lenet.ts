import type { RunOptions, RunResult } from '../../harness/contract.js';
import { layer, productsAlone, type StepProduct } from './floor.js';

const batch = 100;

/** The same products for arrays that are all stored transposed: [outputs, inputs] weights times [inputs, rows]. */
const columns = (products: StepProduct[]): StepProduct[] => products.map(([m, k, n, a, b, count]) => [n, k, m, b, a, count]);

/** LeNet with convolutions as products with patches: 24x24 places of 25 numbers, then 8x8 places of 500. */
export function run(options: RunOptions): Promise<RunResult> {
  const dense = [...layer(batch, 800, 500), ...layer(batch, 500, 10)];
  const patches = (images: number): StepProduct[] =>
    [...layer(images * 576, 25, 20, true), ...layer(images * 64, 500, 50)].map(([m, k, n, a, b]) => [m, k, n, a, b, batch / images]);
  return productsAlone(options, {
    'whole batch, patches in rows': [...patches(batch), ...dense],
    'whole batch, patches in columns': [...columns(patches(batch)), ...dense],
    'image by image, patches in rows': [...patches(1), ...dense],
    'image by image, patches in columns': [...columns(patches(1)), ...dense],
  });
}
