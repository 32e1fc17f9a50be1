// `pnpm native:check [address|thread|cuda]`: builds the native CPU addon with sanitizers of the compiler - AddressSanitizer with
// UndefinedBehaviorSanitizer, then ThreadSanitizer - and the emulated CUDA addon with the former, and runs their tests and the conformance
// suite on each build. A report is a failure.

import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cuda } from './cuda.mjs';
import { SetupError, tail } from './lib/explain.mjs';
import { duration, node, root, run, tool } from './lib/process.mjs';
import { native } from './native.mjs';

const [onednn, cudaPackage] = ['packages/knetarray-onednn', 'packages/knetarray-cuda'];
const suite = name => `packages/backend-tests/test/${name}.test.ts`;

/** What V8 still holds when the process ends is no leak of the addon. */
const addressOptions = reports => ({
  ASAN_OPTIONS: `detect_leaks=0:log_path=${reports}`,
  UBSAN_OPTIONS: 'print_stacktrace=1',
});

// For each check: the addon to build, the variable that names it to the tests, the sanitizer's library, and the runs of tests.
const checks = {
  address: {
    title: 'AddressSanitizer, UndefinedBehaviorSanitizer',
    build: () => native({ out: join(root, onednn, 'build', 'address'), sanitize: 'address,undefined' }),
    variable: 'KNET_ONEDNN_ADDON',
    library: 'libasan.so',
    environment: addressOptions,
    // The kernels of both instruction sets have ends of their own.
    runs: [
      { tests: [onednn, suite('onednn')], env: { KNET_NUM_THREADS: '3' } },
      { tests: [onednn], env: { KNET_NUM_THREADS: '3', KNET_ISA: 'avx2' } },
    ],
  },
  thread: {
    title: 'ThreadSanitizer',
    build: () => native({ out: join(root, onednn, 'build', 'thread'), sanitize: 'thread' }),
    variable: 'KNET_ONEDNN_ADDON',
    library: 'libtsan.so',
    // How V8 synchronises its own threads cannot be seen: what it does by itself is left out. So are threads that the test runner leaves.
    environment: reports => ({ TSAN_OPTIONS: `ignore_noninstrumented_modules=1:report_thread_leaks=0:log_path=${reports}` }),
    runs: [{ tests: [onednn, suite('onednn')], env: { KNET_NUM_THREADS: '3' } }],
  },
  cuda: {
    title: 'CUDA kernels on the emulator: AddressSanitizer, UndefinedBehaviorSanitizer',
    build: () => cuda({ emulation: true, out: join(root, cudaPackage, 'build', 'address'), sanitize: 'address,undefined' }),
    variable: 'KNET_CUDA_ADDON',
    library: 'libasan.so',
    environment: addressOptions,
    runs: [{ tests: [cudaPackage, suite('cuda')], env: {} }],
  },
};

/** Seconds that the tests of one run may take. */
const limit = 1200;

/** Runs the tests on a build with a sanitizer; resolves to the reports and to the outcome of the tests. */
async function check(name) {
  const { build, variable, library, environment, runs } = checks[name];
  const addon = await build();
  const located = await run(process.env.CXX || 'g++', [`-print-file-name=${library}`]);
  const runtime = located.output.trim();
  // The compiler repeats the name of a file that it does not have.
  if (!runtime.startsWith('/')) throw new SetupError(`The compiler has no ${library}: install g++ (Debian: apt-get install g++).`);
  const reports = join(root, '.cache', 'sanitizers', name);
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });
  const common = { ...environment(join(reports, 'report')), LD_PRELOAD: runtime, [variable]: addon, NO_COLOR: '1' };
  const outcomes = [];
  // Processes, because a worker thread of the test runner could not be killed in a kernel.
  const options = ['run', '--pool=forks', '--testTimeout=300000'];
  for (const { tests, env } of runs)
    outcomes.push(await node(tool('vitest'), [...options, ...tests], { env: { ...common, ...env }, limit }));
  const failed = outcomes.find(({ code }) => code !== 0);
  return { failed, found: readdirSync(reports).map(file => readFileSync(join(reports, file), 'utf8')) };
}

/** Every sanitizer as a check: `{ passed, failed, output }`. */
async function sanitized(names = Object.keys(checks)) {
  const result = { passed: 0, failed: 0, output: '' };
  for (const name of names) {
    const start = performance.now();
    const { failed, found } = await check(name);
    const clean = found.length === 0 && failed === undefined;
    const outcome = clean ? 'nothing found' : found.length > 0 ? 'reports' : 'failed tests';
    result.output += `${checks[name].title}: ${outcome} in ${duration(performance.now() - start)}\n`;
    if (clean) result.passed++;
    else {
      result.failed++;
      result.output += `${found.length > 0 ? found.join('\n').slice(0, 20_000) : tail(failed.output, 60)}\n`;
    }
  }
  result.output = result.output.trimEnd();
  return result;
}

export async function main(names) {
  const unknown = names.find(name => !(name in checks));
  if (unknown !== undefined) throw new SetupError(`native:check: there is no "${unknown}"; choose ${Object.keys(checks).join(' or ')}.`);
  const { failed, output } = await sanitized(names.length > 0 ? names : undefined);
  console.log(output);
  return failed === 0 ? 0 : 1;
}
