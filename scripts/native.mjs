// `pnpm native`: builds the addon of packages/knetarray-onednn. Nothing else builds it, least of all an install script.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { asksFor } from './lib/asks-for.mjs';
import { install, sentence } from './lib/debian.mjs';
import { SetupError } from './lib/explain.mjs';
import { duration, root, run } from './lib/process.mjs';

const builder = join(root, 'packages', 'knetarray-onednn', 'scripts', 'build-native.mjs');

const purpose = 'The native addon needs';
const packages = { 'g++': 'a C++ compiler', 'libdnnl-dev': 'oneDNN' };

/** Debian packages that the build needs and this machine lacks: what each is, by name. */
async function missing() {
  const compiler = process.env.CXX || 'g++';
  if ((await run(compiler, ['--version'], { limit: 30 })).code !== 0) {
    return existsSync('/usr/include/dnnl.h') ? { 'g++': packages['g++'] } : packages;
  }
  const headers = await run(compiler, ['-x', 'c++', '-fsyntax-only', '-include', 'dnnl.h', '/dev/null'], { limit: 30 });
  return headers.code === 0 ? {} : { 'libdnnl-dev': packages['libdnnl-dev'] };
}

/**
 * Builds the addon, or a variant of it: the options are those of `buildNative`, and `fetch: true` installs a missing compiler or
 * library. Resolves to its path. Throws a SetupError: a sentence that says what is missing and what to do.
 */
export async function native({ fetch = false, ...options } = {}) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SetupError(
      `The native addon builds on linux-x64 alone, and this is ${process.platform}-${process.arch}: use the device cpu.`,
    );
  }
  if (!existsSync(join(root, 'node_modules'))) throw new SetupError('Nothing is installed yet: run `npm run setup` first.');
  const lacking = await missing();
  if (Object.keys(lacking).length > 0) {
    if (fetch) await install(purpose, lacking);
    else throw new SetupError(sentence(purpose, lacking));
  }
  const { buildNative } = await import(pathToFileURL(builder));
  try {
    return await buildNative(options);
  } catch (error) {
    throw new SetupError(`The native addon cannot be built: ${error.message.trimEnd()}`);
  }
}

/** Builds the addon for a program that is given `--device onednn`. */
export async function nativeFor(options) {
  if (asksFor('onednn', options)) await native({ fetch: true });
}

export async function main() {
  const start = performance.now();
  const path = await native();
  console.log(`${path}, ready in ${duration(performance.now() - start)}`);
  return 0;
}
