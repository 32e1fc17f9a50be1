import type { RunOptions, RunResult } from '../../harness/contract.js';
import { layer, productsAlone } from './floor.js';

/** 784 -> 10, batch 100. */
export const run = (options: RunOptions): Promise<RunResult> => productsAlone(options, { products: layer(100, 784, 10, true) }, 100);
