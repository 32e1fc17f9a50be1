import { defineConfig } from 'tsup';
import { base } from '../../tsup.base.js';

// What it shares with other native backends becomes a part of it.
const shared = [/^@knet-private\//];
export default defineConfig({ ...base, noExternal: shared, dts: { resolve: shared } });
