// What a user of npm gets: every package is packed once, and the tarball is checked, installed and imported.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tail } from '../lib/explain.mjs';
import { node, root, run, tool } from '../lib/process.mjs';
import { closure, packages, platformPackages } from '../lib/workspace.mjs';

const tarballs = join(root, '.cache', 'tarballs');
const windows = process.platform === 'win32';

/** Applies `check` to each entry, one after the other; it resolves to what is wrong, or to an empty string. */
async function each(entries, check) {
  const result = { passed: 0, failed: 0, output: '' };
  for (const entry of entries) {
    const problem = await check(entry);
    if (problem) {
      result.failed++;
      result.output += `${entry.name}:\n${problem.trimEnd().replaceAll(/^/gm, '  ')}\n`;
    } else result.passed++;
  }
  result.output = result.output.trimEnd();
  return result;
}

/** `@knet/optim` 0.1.0 is packed as knet-optim-0.1.0.tgz. */
function tarball({ name, manifest }) {
  return join(tarballs, `${name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`);
}

/** The addon for NVIDIA GPUs, which takes nvcc, and minutes: `pnpm cuda:pack` packs and checks it. */
const isCudaAddon = ({ name }) => name.startsWith('@knet/knetarray-cuda-');

/** What is packed here. */
const packed = () => [...packages(), ...platformPackages().filter(entry => !isCudaAddon(entry))];

export async function packAll() {
  rmSync(tarballs, { recursive: true, force: true });
  mkdirSync(tarballs, { recursive: true });
  return each(packed(), async ({ folder }) => {
    const { code, output } = await run('pnpm', ['pack', '--pack-destination', tarballs], { cwd: folder, shell: windows });
    return code === 0 ? '' : tail(output);
  });
}

/** What publint says against a tarball; nothing, if all is well. */
export async function lint(path) {
  // Imported here: these modules exist only after the set-up.
  const { publint } = await import('publint');
  const { formatMessage } = await import('publint/utils');
  const file = readFileSync(path);
  const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball: bytes }, strict: true, level: 'warning' });
  return messages.map(message => formatMessage(message, pkg, { color: false })).join('\n');
}

export const publishing = () => each(packed(), entry => lint(tarball(entry)));

export function types() {
  // ESM only: resolution the way old Node and require() do it is not promised.
  const options = ['--profile', 'esm-only', '--no-emoji', '--no-color', '--format', 'ascii'];
  return each(packages(), async entry => {
    const { code, output } = await node(tool('@arethetypeswrong/cli', 'attw'), [tarball(entry), ...options]);
    // attw itself lets a package without any types pass.
    return code === 0 && !output.includes('does not contain types') ? '' : tail(output);
  });
}

/** The package.json of a project that depends on the tarballs of packages, and on nothing else. */
export function emptyProject(entries) {
  const files = wanted => Object.fromEntries(wanted.map(entry => [entry.name, `file:${tarball(entry)}`]));
  return {
    name: 'empty-project',
    private: true,
    type: 'module',
    dependencies: files(entries.filter(({ manifest }) => manifest.os === undefined)),
    // npm passes over the binaries for another platform only where they are optional.
    optionalDependencies: files(entries.filter(({ manifest }) => manifest.os !== undefined)),
  };
}

/**
 * An empty project per package gets the tarball and those of the packages it declares to need, nothing else: a package that
 * imports one that it does not declare fails here.
 */
export function installs() {
  const all = packed();
  return each(packages(), async ({ name }) => {
    const project = mkdtempSync(join(tmpdir(), 'knet-install-'));
    try {
      const needed = closure(name, all).map(wanted => all.find(entry => entry.name === wanted));
      writeFileSync(join(project, 'package.json'), JSON.stringify(emptyProject(needed)));
      writeFileSync(
        join(project, 'use.js'),
        `const module = await import('${name}');\nif (Object.keys(module).length === 0) throw new Error('${name} exports nothing');\n`,
      );
      const args = ['install', '--no-audit', '--no-fund', '--prefer-offline'];
      const installed = await run('npm', args, { cwd: project, shell: windows, limit: 180 });
      if (installed.code !== 0) return `npm ${args.join(' ')} failed:\n${tail(installed.output)}`;
      const scope = join(project, 'node_modules', '@knet');
      const extra = readdirSync(scope).filter(folder => !needed.some(entry => entry.name === `@knet/${folder}`));
      if (extra.length > 0) return `npm also installed @knet/${extra.join(', @knet/')}, which ${name} does not declare`;
      const used = await node('use.js', [], { cwd: project, limit: 60 });
      return used.code === 0 ? '' : tail(used.output);
    } finally {
      rmSync(project, { recursive: true, force: true });
    }
  });
}
