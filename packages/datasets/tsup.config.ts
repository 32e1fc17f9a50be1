import { defineConfig } from 'tsup';
import { base } from '../../tsup.base.js';

// The two hosts are files of their own: the `imports` conditions of package.json choose one when the package is loaded or bundled.
export default defineConfig({
  ...base,
  entry: ['src/index.ts', 'src/host-browser.ts', 'src/host-node.ts'],
  dts: { entry: 'src/index.ts' },
  external: ['#host'],
  // Deno knows Node's modules by their full names only.
  removeNodeProtocol: false,
});
