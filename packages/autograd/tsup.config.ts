import { defineConfig } from 'tsup';
import { base } from '../../tsup.base.js';

// The entries share one core: two copies of it would keep two stacks of tapes.
export default defineConfig({ ...base, entry: ['src/index.ts', 'src/gradcheck.ts', 'src/repeat.ts', 'src/special.ts'], splitting: true });
