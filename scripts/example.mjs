// `pnpm example <name> [options]`: runs examples/<name>/<name>.ts against the built packages.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { attach, root, tool } from './lib/process.mjs';
import { packages } from './lib/workspace.mjs';

const file = name => join('examples', name, `${name}.ts`);

function names() {
  return readdirSync(join(root, 'examples'), { withFileTypes: true })
    .filter(entry => entry.isDirectory() && existsSync(join(root, file(entry.name))))
    .map(entry => entry.name)
    .sort();
}

function main([name, ...options]) {
  const known = names();
  if (!name || !known.includes(name)) {
    console.error(name ? `There is no example "${name}".` : 'Usage: pnpm example <name> [options]');
    console.error(`Examples: ${known.join(', ') || 'none yet'}. Each one explains its options with --help.`);
    return 1;
  }
  const unbuilt = packages().filter(({ folder }) => !existsSync(join(folder, 'dist', 'index.js')));
  if (unbuilt.length > 0) {
    console.error(`${unbuilt.map(entry => entry.name).join(', ')}: not built yet, run \`pnpm build\` first.`);
    return 1;
  }
  return attach(tool('tsx'), [file(name), ...options]);
}

process.exitCode = await main(process.argv.slice(2));
