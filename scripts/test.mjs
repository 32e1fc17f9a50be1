// `npm test`: set-up, then every check of the project. A failed step does not stop the next one, and the last line is the sum.

import { browser, sizes } from './checks/bundles.mjs';
import { installs, packAll, publishing, types } from './checks/packages.mjs';
import { coverage, tests } from './checks/tests.mjs';
import { SetupError, tail } from './lib/explain.mjs';
import { duration, node, tool } from './lib/process.mjs';
import { setup } from './setup.mjs';

/** A check that is one command: it passes when the command exits with 0, and its output matters only when it does not. */
const command = (packageName, args, name) => async () => {
  const { code, output } = await node(tool(packageName, name), args, { env: { FORCE_COLOR: '0', NO_COLOR: '1' }, limit: 180 });
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, output: code === 0 ? '' : tail(output, 120) };
};

// A step resolves to { passed, failed, output, skipped? }: how many checks went which way, and what to show.
const steps = [
  ['lint', command('@biomejs/biome', ['check', '--error-on-warnings', '--colors=off', '.'])],
  ['types', command('typescript', ['-p', 'tsconfig.json', '--noEmit', '--pretty', 'false'], 'tsc')],
  ['unused code (knip)', command('knip', ['--no-progress'])],
  ['tests', tests],
  ['coverage', coverage],
  ['pack', packAll],
  ['publishing rules (publint)', publishing],
  ['published types (attw)', types],
  ['install and import of each package', installs],
  ['bundle for browsers', browser],
  ['bundle sizes', sizes],
];

async function runStep(name, action) {
  const start = performance.now();
  console.log(`\n== ${name}`);
  let result;
  try {
    result = await action();
  } catch (error) {
    // A check that cannot run has failed; the others still tell something.
    result = { passed: 0, failed: 1, output: String(error?.stack ?? error) };
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
    await setup();
    for (const [name, action] of steps) results.push(await runStep(name, action));
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
