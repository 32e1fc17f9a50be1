// `pnpm native:check [address|thread]`: builds the addon with sanitizers of the compiler - AddressSanitizer with
// UndefinedBehaviorSanitizer, then ThreadSanitizer - and runs its tests and the conformance suite on each build. A report is a failure.

import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError, tail } from './lib/explain.mjs';
import { duration, node, root, run, tool } from './lib/process.mjs';
import { native } from './native.mjs';

const kernels = 'packages/knetarray-onednn';
const suite = 'packages/backend-tests/test/onednn.test.ts';

const sanitizers = {
  address: {
    title: 'AddressSanitizer, UndefinedBehaviorSanitizer',
    flags: 'address,undefined',
    library: 'libasan.so',
    // The kernels of both instruction sets have ends of their own.
    alsoAvx2: true,
    environment: reports => ({
      // What V8 still holds when the process ends is no leak of the addon.
      ASAN_OPTIONS: `detect_leaks=0:log_path=${reports}`,
      UBSAN_OPTIONS: 'print_stacktrace=1',
    }),
  },
  thread: {
    title: 'ThreadSanitizer',
    flags: 'thread',
    library: 'libtsan.so',
    // How V8 synchronises its own threads cannot be seen: what it does by itself is left out.
    environment: reports => ({ TSAN_OPTIONS: `ignore_noninstrumented_modules=1:log_path=${reports}` }),
  },
};

/** Runs the tests on the build with one sanitizer; resolves to the reports and to the outcome of the tests. */
async function check(name) {
  const { flags, library, environment, alsoAvx2 } = sanitizers[name];
  const addon = await native({ out: join(root, 'packages', 'knetarray-onednn', 'build', name), sanitize: flags });
  const located = await run(process.env.CXX || 'g++', [`-print-file-name=${library}`]);
  const runtime = located.output.trim();
  // The compiler repeats the name of a file that it does not have.
  if (!runtime.startsWith('/')) throw new SetupError(`The compiler has no ${library}: install g++ (Debian: apt-get install g++).`);
  const reports = join(root, '.cache', 'sanitizers', name);
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });
  const env = {
    ...environment(join(reports, 'report')),
    LD_PRELOAD: runtime,
    KNET_ONEDNN_ADDON: addon,
    KNET_NUM_THREADS: '3',
    NO_COLOR: '1',
  };
  // Processes, because a worker thread of the test runner could not be killed in a kernel.
  const vitest = (tests, more) =>
    node(tool('vitest'), ['run', '--pool=forks', '--testTimeout=300000', ...tests], { env: { ...env, ...more }, limit: 580 });
  const outcomes = [await vitest([kernels, suite], {}), ...(alsoAvx2 ? [await vitest([kernels], { KNET_ISA: 'avx2' })] : [])];
  const failed = outcomes.find(({ code }) => code !== 0);
  return { failed, found: readdirSync(reports).map(file => readFileSync(join(reports, file), 'utf8')) };
}

/** Every sanitizer as a check: `{ passed, failed, output }`. */
export async function sanitized(names = Object.keys(sanitizers)) {
  const result = { passed: 0, failed: 0, output: '' };
  for (const name of names) {
    const start = performance.now();
    const { failed, found } = await check(name);
    const clean = found.length === 0 && failed === undefined;
    const outcome = clean ? 'nothing found' : found.length > 0 ? 'reports' : 'failed tests';
    result.output += `${sanitizers[name].title}: ${outcome} in ${duration(performance.now() - start)}\n`;
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
  const unknown = names.find(name => !(name in sanitizers));
  if (unknown !== undefined)
    throw new SetupError(`native:check: there is no "${unknown}"; choose ${Object.keys(sanitizers).join(' or ')}.`);
  const { failed, output } = await sanitized(names.length > 0 ? names : undefined);
  console.log(output);
  return failed === 0 ? 0 : 1;
}
