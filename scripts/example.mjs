// `pnpm example <name> [options]`: runs examples/<name>/<name>.ts against the built packages.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cudaFor } from './cuda.mjs';
import { runBuilt } from './lib/built.mjs';
import { root } from './lib/process.mjs';
import { nativeFor } from './native.mjs';

const file = name => join('examples', name, `${name}.ts`);

function names() {
  return readdirSync(join(root, 'examples'), { withFileTypes: true })
    .filter(entry => entry.isDirectory() && existsSync(join(root, file(entry.name))))
    .map(entry => entry.name)
    .sort();
}

export async function main([name, ...options]) {
  const known = names();
  if (name && known.includes(name)) {
    await nativeFor(options);
    await cudaFor(options);
    return runBuilt(file(name), options);
  }
  console.error(name ? `There is no example "${name}".` : 'Usage: pnpm example <name> [options]');
  console.error(`Examples: ${known.join(', ') || 'none'}. Each one explains its options with --help.`);
  return 1;
}
