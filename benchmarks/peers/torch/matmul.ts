import type { RunOptions, RunResult } from '../../harness/contract.js';
import { multiplyInPython } from '../python/products.js';

/** Single matrix products by `torch.mm`. */
export const run = (options: RunOptions): Promise<RunResult> => multiplyInPython(import.meta.url, options);
