// `pnpm bench [options]`: runs benchmarks/bench.ts against the built packages.

import { join } from 'node:path';
import { runBuilt } from './lib/built.mjs';

export const main = options => runBuilt(join('benchmarks', 'bench.ts'), options);
