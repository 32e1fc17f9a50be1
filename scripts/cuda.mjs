// `pnpm cuda [-- --emulation]`: builds the addon of packages/knetarray-cuda - for NVIDIA GPUs with nvcc, or with a C++ compiler the
// emulation on which the tests run its kernels without a GPU. Nothing else builds it, least of all an install script.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { asksFor } from './lib/asks-for.mjs';
import { install, sentence } from './lib/debian.mjs';
import { SetupError } from './lib/explain.mjs';
import { duration, root, run } from './lib/process.mjs';

const builder = join(root, 'packages', 'knetarray-cuda', 'scripts', 'build-cuda.mjs');

/** What the build is made of; imported here, because it needs what the set-up installs. */
const build = () => import(pathToFileURL(builder));

/** What this machine lacks for a build with nvcc, as a sentence; undefined when nothing. */
export async function withoutNvcc() {
  const { findNvcc } = await build();
  return findNvcc() === undefined
    ? 'The CUDA addon needs nvcc of the CUDA toolkit 12.4 or newer: install it (developer.nvidia.com/cuda-downloads), or name its nvcc in CUDACXX; `pnpm cuda -- --emulation` needs none.'
    : undefined;
}

/**
 * Builds the addon, or a variant of it: the options are those of `buildCuda`, and `fetch: true` installs a missing C++ compiler.
 * Resolves to its path. Throws a SetupError: a sentence that says what is missing and what to do.
 */
export async function cuda({ fetch = false, ...options } = {}) {
  if (process.platform !== 'linux') throw new SetupError(`The CUDA addon builds on Linux alone, and this is ${process.platform}.`);
  if (!existsSync(join(root, 'node_modules'))) throw new SetupError('Nothing is installed yet: run `npm run setup` first.');
  const lacking = options.emulation ? undefined : await withoutNvcc();
  if (lacking !== undefined) throw new SetupError(lacking);
  // nvcc leaves what is not CUDA to it.
  if ((await run(process.env.CXX || 'g++', ['--version'], { limit: 30 })).code !== 0) {
    const [purpose, missing] = ['The CUDA addon needs', { 'g++': 'a C++ compiler' }];
    if (fetch) await install(purpose, missing);
    else throw new SetupError(sentence(purpose, missing));
  }
  const { buildCuda } = await build();
  try {
    return await buildCuda(options);
  } catch (error) {
    throw new SetupError(`The CUDA addon cannot be built: ${error.message.trimEnd()}`);
  }
}

/** Builds the addon for a program that is given `--device cuda`, unless the environment names one. */
export async function cudaFor(options) {
  if (asksFor('cuda', options) && !process.env.KNET_CUDA_ADDON) await cuda();
}

/** The options of the command line. */
function parse(args) {
  try {
    return parseArgs({
      // pnpm hands on the `--` that may stand before the options.
      args: args.filter(argument => argument !== '--'),
      options: { emulation: { type: 'boolean', default: false }, archs: { type: 'string' } },
    }).values;
  } catch (error) {
    throw new SetupError(`cuda: ${error.message}; the options are --emulation and --archs 80,90.`);
  }
}

export async function main(args) {
  const { emulation, archs } = parse(args);
  const start = performance.now();
  const path = await cuda({ emulation, fetch: emulation, archs: archs?.split(',') });
  console.log(`${path}, ready in ${duration(performance.now() - start)}`);
  return 0;
}
