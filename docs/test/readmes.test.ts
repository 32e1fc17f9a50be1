/** The README of a package names everything that the package exports, but what it passes on from its dependencies. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(`${root}/${path}`, 'utf8');

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly os?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
}
const folders = readdirSync(`${root}/packages`).filter(folder => existsSync(`${root}/packages/${folder}/README.md`));
// A package of binaries for one platform has nothing to import, and a private one is nobody's to install.
const manifests = new Map<string, Manifest>(
  folders
    .map((folder): Manifest => JSON.parse(read(`packages/${folder}/package.json`)))
    .filter(manifest => manifest.os === undefined && manifest.private !== true)
    .map(manifest => [manifest.name, manifest]),
);

/** Names of what a package and its further entry points export. */
async function exportsOf(name: string): Promise<string[]> {
  const entries = Object.keys(manifests.get(name)?.exports ?? {}).filter(entry => !entry.endsWith('.json'));
  const modules = await Promise.all(entries.map(entry => import(/* @vite-ignore */ `${name}${entry.slice(1)}`)));
  return modules.flatMap(module => Object.keys(module));
}

describe('READMEs', () => {
  it.each([...manifests.keys()])('%s', async name => {
    const foreign = Object.keys(manifests.get(name)?.dependencies ?? {}).filter(dependency => manifests.has(dependency));
    const passedOn = new Set((await Promise.all(foreign.map(exportsOf))).flat());
    const own = (await exportsOf(name)).filter(exported => !passedOn.has(exported));
    expect(own.length).toBeGreaterThan(0);
    const words = new Set(read(`packages/${name.slice('@knet/'.length)}/README.md`).match(/\w+/g));
    expect(own.filter(exported => !words.has(exported))).toEqual([]);
  });
});
