// What is in packages/, and which package needs which.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './process.mjs';

function published() {
  return readdirSync(join(root, 'packages'))
    .map(entry => join(root, 'packages', entry))
    .filter(folder => existsSync(join(folder, 'package.json')))
    .map(folder => {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      return { name: manifest.name, folder, manifest };
    })
    .filter(({ manifest }) => !manifest.private)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Every published package of modules as `{ name, folder, manifest }`, in order of name. */
export const packages = () => published().filter(({ manifest }) => manifest.os === undefined);

/** The packages that hold nothing but the binaries for one platform. */
export const platformPackages = () => published().filter(({ manifest }) => manifest.os !== undefined);

/** The names of `name` and of every package of this workspace that it needs at run time, directly or not. */
export function closure(name, all = packages()) {
  const found = new Set();
  const visit = current => {
    const entry = all.find(candidate => candidate.name === current);
    if (!entry || found.has(current)) return;
    found.add(current);
    const { dependencies, peerDependencies, optionalDependencies } = entry.manifest;
    for (const needed of Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies })) visit(needed);
  };
  visit(name);
  return [...found];
}

/** For a bundler: every entry point of the packages as its source. The longest names first: an alias covers what begins with it too. */
export function sourceAlias() {
  const entries = packages().flatMap(({ name, folder, manifest }) =>
    Object.keys(manifest.exports)
      .filter(key => key === '.' || !key.endsWith('.json'))
      .map(key => [key === '.' ? name : `${name}${key.slice(1)}`, join(folder, 'src', key === '.' ? 'index.ts' : `${key.slice(2)}.ts`)]),
  );
  return Object.fromEntries(entries.sort(([a], [b]) => b.length - a.length));
}
