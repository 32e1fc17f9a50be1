/** Every TypeScript block of the documents compiles under the strict options of the repository, runs, and gives what it promises. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { chooseDriver } from '../../packages/knetarray-webgpu/test/gpu.js';
import { blocksOf, checkName, moduleOf, withChecks } from './blocks.js';
import { check } from './check.js';
import { typecheck } from './typecheck.js';

// For the blocks that open a GPU.
chooseDriver();

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const emulation = process.env.KNET_CUDA_ADDON ?? join(root, 'packages/knetarray-cuda/build/cuda_emu.node');
// Beside this file, so that imports are found as in any file of the repository.
const folder = join(root, 'docs/test/.generated');

const files = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
  ...readdirSync(join(root, 'packages'))
    .map(name => `packages/${name}/README.md`)
    .filter(name => existsSync(join(root, name))),
];
const documents = files.map(file => {
  const text = readFileSync(join(root, file), 'utf8');
  const blocks = blocksOf(text);
  return { file, text, blocks, name: file.replaceAll(/[/.]/g, '-') };
});

let messages: Map<string, string[]>;
beforeAll(() => {
  const texts = new Map<string, string>();
  for (const { blocks, name } of documents) {
    texts.set(join(folder, `${name}.ts`), moduleOf(blocks.filter(block => block.run)));
    for (const block of blocks) if (!block.run) texts.set(join(folder, `${name}-${block.line}.ts`), moduleOf([block]));
  }
  messages = typecheck(root, texts);
  mkdirSync(folder, { recursive: true });
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

describe.each(documents)('$file', ({ file, text, blocks, name }) => {
  it('refers to files that exist', () => {
    const links = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(match => match[1]!).filter(link => !/^[a-z]+:/.test(link));
    expect(links.filter(link => !existsSync(join(root, dirname(file), link)))).toEqual([]);
  });

  if (blocks.length === 0) return;

  it('compiles', () => {
    const mine = [...messages].filter(([path]) => basename(path) === `${name}.ts` || basename(path).startsWith(`${name}-`));
    expect(mine.flatMap(([, list]) => list.map(message => `${relative(root, join(root, file))} ${message}`))).toEqual([]);
  });

  it.runIf(blocks.some(block => block.run))('runs and gives what it promises', async () => {
    const code = withChecks(moduleOf(blocks.filter(block => block.run)));
    const path = join(folder, `${name}.ts`);
    writeFileSync(path, code);
    for (const method of ['log', 'warn'] as const) vi.spyOn(console, method).mockImplementation(() => {});
    // Documents do not see what others did to devices and seeds.
    vi.resetModules();
    vi.stubGlobal(checkName, check);
    // `device('auto')` of the others is not to find it.
    if (file === 'packages/knetarray-cuda/README.md') vi.stubEnv('KNET_CUDA_ADDON', emulation);
    // Files that a document saves are its own.
    const here = process.cwd();
    const place = mkdtempSync(join(tmpdir(), 'knet-docs-'));
    process.chdir(place);
    try {
      await import(/* @vite-ignore */ path);
    } finally {
      process.chdir(here);
      rmSync(place, { recursive: true });
      vi.unstubAllGlobals();
      vi.unstubAllEnvs();
    }
  });
});
