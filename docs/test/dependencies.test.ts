/** docs/dependencies.md names every dependency of the repository. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = readFileSync(`${root}/docs/dependencies.md`, 'utf8');
const manifests = [
  'package.json',
  ...['benchmarks', 'docs', 'examples', 'examples/browser', ...readdirSync(`${root}/packages`).map(name => `packages/${name}`)].map(
    name => `${name}/package.json`,
  ),
].filter(name => existsSync(`${root}/${name}`));

describe('docs/dependencies.md', () => {
  it.each(manifests)('names the dependencies of %s', name => {
    const manifest: Record<string, unknown> = JSON.parse(readFileSync(`${root}/${name}`, 'utf8'));
    const kinds = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];
    const names = kinds.flatMap(kind => Object.keys((manifest[kind] ?? {}) as Record<string, string>));
    expect(names.filter(dependency => !/^@knet(-private)?\//.test(dependency) && !text.includes(`\`${dependency}`))).toEqual([]);
  });
});
