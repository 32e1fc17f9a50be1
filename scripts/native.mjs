// `pnpm native`: builds the addon of packages/knetarray-onednn. Nothing else builds it, least of all an install script.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SetupError } from './lib/explain.mjs';
import { duration, root, run } from './lib/process.mjs';

const builder = join(root, 'packages', 'knetarray-onednn', 'scripts', 'build-native.mjs');

/** Debian packages that the build needs and this machine lacks. */
async function missing() {
  const compiler = process.env.CXX || 'g++';
  if ((await run(compiler, ['--version'], { limit: 30 })).code !== 0) {
    return existsSync('/usr/include/dnnl.h') ? ['g++'] : ['g++', 'libdnnl-dev'];
  }
  const headers = await run(compiler, ['-x', 'c++', '-fsyntax-only', '-include', 'dnnl.h', '/dev/null'], { limit: 30 });
  return headers.code === 0 ? [] : ['libdnnl-dev'];
}

/** Installs Debian packages where that can be done without asking; throws a SetupError elsewhere. */
async function install(names) {
  const command = `apt-get install ${names.join(' ')}`;
  const what = names.map(name => ({ 'g++': 'a C++ compiler (g++)', 'libdnnl-dev': 'oneDNN (libdnnl-dev)' })[name]).join(' and ');
  const sentence = `The native addon needs ${what}: install ${names.length > 1 ? 'them' : 'it'} (Debian and Ubuntu: sudo ${command}) and run the command again.`;
  if (process.getuid?.() !== 0 || (await run('apt-get', ['--version'], { limit: 30 })).code !== 0) throw new SetupError(sentence);
  console.log(`set-up: ${command}, for the native addon`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const attempt = () => run('apt-get', ['install', '-y', '--no-install-recommends', ...names], { env, limit: 300 });
  let { code, output } = await attempt();
  if (code !== 0) {
    // The lists of packages may be absent, as in a container, or old.
    await run('apt-get', ['update'], { env, limit: 120 });
    ({ code, output } = await attempt());
  }
  const reason = output.split('\n').find(line => line.startsWith('E: '));
  if (code !== 0) throw new SetupError(`${sentence.slice(0, -1)} (\`${command}\` failed here${reason ? `: ${reason.slice(3)}` : ''}).`);
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
  const names = await missing();
  if (names.length > 0) {
    if (fetch) await install(names);
    else
      throw new SetupError(`The native addon needs ${names.join(' and ')} (Debian and Ubuntu: sudo apt-get install ${names.join(' ')}).`);
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
  const asked = options.some((option, i) => option === '--device=onednn' || (option === '--device' && options[i + 1] === 'onednn'));
  if (asked) await native({ fetch: true });
}

export async function main() {
  const start = performance.now();
  const path = await native();
  console.log(`${path}, ready in ${duration(performance.now() - start)}`);
  return 0;
}
