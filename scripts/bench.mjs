// `pnpm bench [options]`: runs benchmarks/bench.ts against the built packages.

import { join } from 'node:path';
import { cudaFor } from './cuda.mjs';
import { runBuilt } from './lib/built.mjs';
import { nativeFor } from './native.mjs';

export async function main(options) {
  await nativeFor(options);
  await cudaFor(options);
  return runBuilt(join('benchmarks', 'bench.ts'), options);
}
