import { defineConfig } from 'tsup';
import { base } from '../../tsup.base.js';

// The two hosts are files of their own: the `imports` conditions of package.json choose one when the package is loaded or bundled.
export default defineConfig({
  ...base,
  entry: ['src/index.ts', 'src/host-browser.ts', 'src/host-node.ts'],
  // Only for the types: as `paths` of tsconfig.json, bundlers would follow it too.
  dts: { entry: 'src/index.ts', compilerOptions: { paths: { '#knet-host': ['./src/host-browser.ts'] } } },
  external: [/^@knet\//, '#knet-host'],
});
