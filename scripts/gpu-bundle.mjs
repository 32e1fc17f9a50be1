// `node scripts/main.mjs gpu-bundle <folder>`: makes of tests, benchmarks and packages what Node runs without anything installed, for a
// machine with a GPU. Called by gpu-pack.sh.

import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { SetupError } from './lib/explain.mjs';
import { root } from './lib/process.mjs';
import { packages, sourceAlias } from './lib/workspace.mjs';

const kernels = join('packages', 'knetarray-cuda', 'test');
const suite = join('packages', 'backend-tests', 'test', 'cuda.test.ts');

/** Tests that start processes of their own, or are about machines without a GPU. */
const elsewhere = /from '(\.\/child\.js|esbuild|node:child_process|node:worker_threads)'/;

/** Modules that packages choose by where they run. */
const hosts = {
  '#knet-host': join(root, 'packages', 'knet', 'src', 'host-node.ts'),
  '#host': join(root, 'packages', 'datasets', 'src', 'host-node.ts'),
};

/** What the modules of packages that are not ESM ask for. */
const banner = { js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);" };

const common = { bundle: true, format: 'esm', platform: 'node', target: 'node20', banner, logLevel: 'error' };

/** The conformance suite and the tests of the kernels as one program. */
async function bundleTests(build, folder) {
  const own = readdirSync(join(root, kernels)).filter(name => name.endsWith('.test.ts'));
  const files = [suite, ...own.map(name => join(kernels, name))].filter(path => !elsewhere.test(readFileSync(join(root, path), 'utf8')));
  const imports = files.map(path => `  ${JSON.stringify(path)}: () => import(${JSON.stringify(`./${path}`)}),`).join('\n');
  const contents = `import { runTests } from './scripts/gpu/run-tests.mjs';
process.exit(await runTests({\n${imports}\n}, process.argv.slice(2)));`;
  await build({
    ...common,
    stdin: { contents, resolveDir: root },
    outfile: join(folder, 'tests.mjs'),
    alias: { ...sourceAlias(), vitest: join(root, 'scripts', 'gpu', 'vitest.mjs') },
  });
}

/** The packages under their names, with what they need of npm in them; modules that several of them use are there once. */
async function bundlePackages(build, folder) {
  const target = join(folder, 'node_modules', '@knet');
  const sources = Object.entries(sourceAlias());
  await build({
    ...common,
    entryPoints: Object.fromEntries(sources.map(([name, source]) => [name.replace('@knet/', '').replace(/^[^/]+$/, '$&/index'), source])),
    outdir: target,
    splitting: true,
    chunkNames: 'shared/[name]-[hash]',
    alias: { ...sourceAlias(), ...hosts },
    // WebGPU for Node; there is CUDA.
    external: ['webgpu'],
  });
  for (const { name, manifest } of packages()) {
    const entries = Object.keys(manifest.exports).filter(key => !key.endsWith('.json'));
    const exported = Object.fromEntries(entries.map(key => [key, key === '.' ? './index.js' : `${key}.js`]));
    writeFileSync(join(target, name.replace('@knet/', ''), 'package.json'), JSON.stringify({ name, type: 'module', exports: exported }));
  }
}

/** The benchmarks of what runs in Node: every module by itself, so that they find each other, their scripts and the data. */
async function compileBenchmarks(build, folder) {
  const source = join(root, 'benchmarks');
  const parts = ['', 'harness', 'knet', join('peers', 'python'), join('peers', 'torch')];
  const files = parts.flatMap(part => readdirSync(join(source, part)).map(name => join(part, name)));
  const target = join(folder, 'benchmarks');
  const modules = files.filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  await build({ entryPoints: modules.map(name => join(source, name)), outbase: source, outdir: target, format: 'esm', target: 'node20' });
  for (const name of files.filter(file => file.endsWith('.py'))) {
    mkdirSync(dirname(join(target, name)), { recursive: true });
    copyFileSync(join(source, name), join(target, name));
  }
  const { imports } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
  const compiled = Object.fromEntries(Object.entries(imports).map(([name, { default: path }]) => [name, path.replace(/\.ts$/, '.js')]));
  writeFileSync(join(target, 'package.json'), JSON.stringify({ type: 'module', imports: compiled }));
}

export async function main([folder]) {
  if (!folder) throw new SetupError('gpu-bundle: name the folder that is to be filled.');
  const { build } = await import('esbuild');
  const target = join(root, folder);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  await bundleTests(build, target);
  await bundlePackages(build, target);
  await compileBenchmarks(build, target);
  console.log(`${relative(root, target)}: tests, packages, benchmarks`);
  return 0;
}
