// `npm test`: set-up, then every check of the project. A failed step does not stop the next one, and the last line is the sum.

import { join } from 'node:path';
import { browser } from './checks/browser.mjs';
import { deno } from './checks/deno.mjs';
import { prebuilt } from './checks/native-package.mjs';
import { installs, packAll, publishing, types } from './checks/packages.mjs';
import { browserTests, coverage, tests } from './checks/tests.mjs';
import { cuda } from './cuda.mjs';
import { SetupError, tail } from './lib/explain.mjs';
import { duration, node, root, run, tool } from './lib/process.mjs';
import { prepareWebgpu } from './lib/webgpu.mjs';
import { native } from './native.mjs';
import { build, prepare } from './setup.mjs';
import { sizes } from './size.mjs';

/** What a finished command says about the check that it is: its output matters only when it failed. */
const verdict = ({ code, output }) => (code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1, output: tail(output, 120) });

/** A check that is one command of a tool. */
const command = (packageName, args, name) => async () =>
  verdict(await node(tool(packageName, name), args, { env: { FORCE_COLOR: '0', NO_COLOR: '1' }, limit: 180 }));

/** The tests need the addon: without it they fail, and this says why. */
const addon = async () => ({ passed: 1, failed: 0, output: await native({ fetch: true }) });

/** And the emulation of CUDA. */
const emulation = async () => ({ passed: 1, failed: 0, output: await cuda({ emulation: true, fetch: true }) });

/** So do they need the implementations of WebGPU. */
const webgpu = async () => ({ passed: 1, failed: 0, output: await prepareWebgpu() });

/** Commands that run beside the steps, one after the other, and give way to them; what each came to is a step at the end. */
const aside = [
  ['native addon with AddressSanitizer', ['native-check', 'address']],
  ['CUDA emulation with AddressSanitizer', ['native-check', 'cuda']],
  // One architecture of those that `pnpm cuda:check` compiles for.
  ['CUDA kernels by nvcc', ['cuda-check', '90']],
];

/** Starts {@link aside}; returns a step for each, which waits for it. */
function startAside() {
  let before = Promise.resolve();
  return aside.map(([name, args]) => {
    const command = [process.execPath, join(root, 'scripts', 'main.mjs'), ...args];
    const [program, ...rest] = process.platform === 'linux' ? ['nice', '-n', '19', ...command] : command;
    const ended = before.then(() => run(program, rest, { env: { FORCE_COLOR: '0', NO_COLOR: '1' }, limit: 1500 }));
    before = ended;
    const action = async () => {
      const { code, output } = await ended;
      const skipped = code === 0 && output.startsWith('no nvcc');
      if (skipped) return { passed: 0, failed: 0, skipped: [output.trimEnd()] };
      return code === 0 ? { passed: 1, failed: 0, output: output.trimEnd() } : verdict({ code, output });
    };
    return [name, action];
  });
}

// A step resolves to { passed, failed, output?, skipped? }: how many checks went which way, and what to show.
// Those of `sources` need what the first ones have prepared, and those of `built` look at what the build made.
const first = [
  ['lint', command('@biomejs/biome', ['check', '--error-on-warnings', '--colors=off', '.'])],
  ['types', command('typescript', ['-p', 'tsconfig.json', '--noEmit', '--pretty', 'false'], 'tsc')],
  ['unused code (knip)', command('knip', ['--no-progress', '--no-config-hints'])],
  ['native addon', addon],
  ['CUDA emulation', emulation],
  ['WebGPU without a GPU', webgpu],
];
const sources = [
  ['tests', tests],
  ['coverage', coverage],
  ['tests in Chromium', browserTests],
  ['conformance in Deno', deno],
  ['bundle sizes', sizes],
];
const built = [
  ['pack', packAll],
  ['publishing rules (publint)', publishing],
  ['published types (attw)', types],
  ['install and import of each package', installs],
  ['prebuilt addon without a compiler', prebuilt],
  ['bundle for browsers', browser],
];

async function runStep(name, action) {
  const start = performance.now();
  console.log(`\n== ${name}`);
  let result;
  try {
    result = await action();
  } catch (error) {
    // A check that cannot run has failed; the others still tell something.
    const output = error instanceof SetupError ? error.message : String(error?.stack ?? error);
    result = { passed: 0, failed: 1, output };
  }
  if (result.output) console.log(result.output);
  const time = duration(performance.now() - start);
  console.log(`-- ${name}: ${result.failed === 0 ? 'pass' : 'FAIL'} (${result.passed} passed, ${result.failed} failed, ${time})`);
  return { name, time, ...result };
}

function summary(results) {
  const width = Math.max(...results.map(({ name }) => name.length));
  console.log('\nSummary');
  for (const { name, time, passed, failed } of results) {
    console.log(
      `  ${failed === 0 ? 'pass' : 'FAIL'}  ${name.padEnd(width)}  ${String(passed).padStart(5)} passed ${String(failed).padStart(3)} failed  ${time}`,
    );
  }
  const skipped = results.flatMap(result => result.skipped ?? []);
  if (skipped.length > 0) console.log(`\nSkipped tests (${skipped.length}):\n${skipped.map(test => `  ${test}`).join('\n')}`);
}

export async function main() {
  let results = [];
  try {
    await prepare();
    for (const [name, action] of first) results.push(await runStep(name, action));
    const beside = startAside();
    for (const [name, action] of sources) results.push(await runStep(name, action));
    const made = await runStep('build', async () => verdict(await build()));
    results.push(made);
    // After a failed build, dist/ is partly missing or old: nothing that these checks say would be about the sources.
    const notRun = async () => ({ passed: 0, failed: 1, output: 'Not run, because the build failed.' });
    for (const [name, action] of built) results.push(await runStep(name, made.failed === 0 ? action : notRun));
    for (const [name, action] of beside) results.push(await runStep(name, action));
    summary(results);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.log(`\n${error.message}\n`);
    results = [{ passed: 0, failed: 1 }];
  }
  const sum = key => results.reduce((total, result) => total + result[key], 0);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  return sum('failed') === 0 ? 0 : 1;
}
