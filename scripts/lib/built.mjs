// Running a TypeScript program of this repository against the built packages.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './explain.mjs';
import { attach, root, tool } from './process.mjs';
import { packages } from './workspace.mjs';

/** Node 20 has WebAssembly's relaxed SIMD (fused multiply-add) behind a flag; from Node 22 on it is there. */
const engineFlags = Number(process.versions.node.split('.')[0]) < 22 ? ['--experimental-wasm-relaxed-simd'] : [];

/** Runs `file` with tsx in this terminal and resolves to its exit code. Throws a SetupError when something is not built. */
export async function runBuilt(file, options) {
  if (!existsSync(join(root, file))) throw new SetupError(`${file} is missing: restore it with \`git checkout ${file}\`.`);
  if (!existsSync(join(root, 'node_modules'))) throw new SetupError('Nothing is installed yet: run `npm run setup` first.');
  const unbuilt = packages().filter(({ folder }) => !existsSync(join(folder, 'dist', 'index.js')));
  if (unbuilt.length > 0) throw new SetupError(`Not built yet: ${unbuilt.map(({ name }) => name).join(', ')}; run \`pnpm build\` first.`);
  // The root tsconfig.json maps @knet/* to the sources, and tsx would follow it; this one leaves node_modules to decide.
  return attach(tool('tsx'), [...engineFlags, '--tsconfig', 'tsconfig.base.json', file, ...options]);
}
