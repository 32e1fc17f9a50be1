// Set-up shared by `npm run demo` and `npm test`: pnpm, the packages of the lock file, the build. Quick when nothing changed.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { explain, SetupError, tail } from './lib/explain.mjs';
import { duration, node, root, run, tool } from './lib/process.mjs';
import { prepareWebgpu } from './lib/webgpu.mjs';
import { native } from './native.mjs';

const windows = process.platform === 'win32';
const cache = join(root, '.cache');

// Quick and few retries: without a network the sentence about it comes after some ten seconds.
const network = { npm_config_fetch_retries: '2', npm_config_fetch_retry_mintimeout: '1000', npm_config_fetch_retry_factor: '3' };

/** Runs one step, says how long it took, and turns a failure into a SetupError. */
async function step(name, action) {
  const start = performance.now();
  const waiting = setTimeout(() => console.log(`set-up: ${name}, at work`), 3000);
  const { code, output } = await action();
  clearTimeout(waiting);
  if (code === 0) {
    console.log(`set-up: ${name}, ready in ${duration(performance.now() - start)}`);
    return output;
  }
  mkdirSync(cache, { recursive: true });
  const log = join('.cache', 'setup.log');
  writeFileSync(join(root, log), output);
  const { sentence, known } = explain(name, output, log, action === build);
  if (!known) console.error(tail(output));
  throw new SetupError(sentence);
}

/** The wanted version is written once, in `packageManager` of the root package.json. */
function wantedPnpm() {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager;
}

/**
 * Puts the pinned pnpm on PATH, where turbo looks for it too. One that is already there is taken when its version is right;
 * otherwise npx fetches it into npm's own cache, whose folder of commands is remembered.
 */
async function pnpm() {
  const wanted = wantedPnpm();
  // A `pnpm` that belongs to corepack must neither ask nor download.
  const env = { COREPACK_ENABLE_NETWORK: '0', COREPACK_ENABLE_DOWNLOAD_PROMPT: '0' };
  const present = await run('pnpm', ['--version'], { env, shell: windows, limit: 30 });
  if (present.code === 0 && `pnpm@${present.output.trim().split('\n').pop()}` === wanted) return;

  const memory = join(cache, `${wanted.replace('@', '-')}.path`);
  let folder = existsSync(memory) ? readFileSync(memory, 'utf8') : '';
  const command = windows ? 'pnpm.cmd' : 'pnpm';
  if (!folder || !existsSync(join(folder, command))) {
    const print = join(root, 'scripts', 'lib', 'print-path.mjs');
    const args = ['--yes', `--package=${wanted}`, '--', 'node', windows ? `"${print}"` : print];
    const output = await step(wanted, () => run('npx', args, { env: network, shell: windows, limit: 300 }));
    const line = output.split('\n').find(candidate => candidate.startsWith('PATH='));
    folder = (line ?? '')
      .slice('PATH='.length)
      .trim()
      .split(delimiter)
      .find(candidate => existsSync(join(candidate, command)));
    if (!folder)
      throw new SetupError(`npx did not provide ${wanted}: install it with \`npm install --global ${wanted}\` and run the command again.`);
    mkdirSync(cache, { recursive: true });
    writeFileSync(memory, folder);
  }
  process.env.PATH = folder + delimiter + process.env.PATH;
}

function install() {
  // CI=true: never ask on a terminal. NODE_ENV: `production` would leave out the tools.
  const env = { ...network, CI: 'true', NODE_ENV: 'development' };
  return run('pnpm', ['install', '--frozen-lockfile', '--prefer-offline'], { env, shell: windows });
}

/** The build of every package, or of those whose sources changed. Resolves to `{ code, output }`. */
export function build() {
  const env = { TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1' };
  return node(tool('turbo'), ['run', 'build', '--filter=./packages/*', '--output-logs=errors-only', '--ui=stream'], { env });
}

/** Everything but the build: what the sources need to be checked and tested. Throws a SetupError. */
export async function prepare() {
  // `npm test --silent` would silence npx and pnpm too, and with them the reason of a failure.
  delete process.env.npm_config_loglevel;
  await pnpm();
  await step('packages of pnpm-lock.yaml', install);
}

/** Brings the checkout to the state in which examples and benchmarks run. Throws a SetupError. */
export async function setup() {
  await prepare();
  await step('build of packages/*', build);
}

export async function main() {
  await setup();
  // Neither is needed by every example: without them the set-up is still of use.
  const optional = [
    ['native addon', () => native({ fetch: true })],
    ['WebGPU without a GPU', prepareWebgpu],
  ];
  for (const [name, prepareIt] of optional) {
    try {
      console.log(`set-up: ${name}, ${await prepareIt()}`);
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      console.log(`set-up: without ${name}. ${error.message}`);
    }
  }
  return 0;
}
