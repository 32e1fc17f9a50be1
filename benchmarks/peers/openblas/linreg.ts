import type { RunOptions, RunResult } from '../../harness/contract.js';
import { layer, productsAlone } from './floor.js';

/** 506 houses of 13 attributes. */
export const run = (options: RunOptions): Promise<RunResult> => productsAlone(options, { products: layer(506, 13, 1, true) }, 100);
