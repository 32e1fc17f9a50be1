// Runs test files that are bundled into one program, on a machine that has Node and nothing else.

import { parseArgs } from 'node:util';
import { startTests } from '@vitest/runner';

/** Failures that are written out. */
const maxShown = 40;

/** The tests of a file or a group, those of groups in it included. */
const testsOf = task => (task.type === 'suite' ? task.tasks.flatMap(testsOf) : [task]);

const nameOf = task => (task.suite && task.suite !== task.file ? `${nameOf(task.suite)} > ${task.name}` : task.name);

/** What the functions of vitest ask about how they are to run. */
function runnerOf(files, pattern) {
  return {
    config: {
      root: '/',
      setupFiles: [],
      name: undefined,
      // A file in which no test is found is a failure.
      passWithNoTests: false,
      testNamePattern: pattern,
      allowOnly: false,
      sequence: { seed: 0, hooks: 'stack', setupFiles: 'list' },
      chaiConfig: undefined,
      maxConcurrency: 1,
      testTimeout: 300_000,
      hookTimeout: 60_000,
      retry: 0,
      includeTaskLocation: false,
      tags: [],
      tagsFilter: undefined,
      strictTags: false,
    },
    importFile: path => files[path.slice(1)](),
  };
}

/**
 * Runs files, given as functions that import them, by their path.
 *
 * @param args - `-t` a pattern of test names, then parts of paths; none means all
 * @returns the exit code
 */
export async function runTests(files, args) {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { name: { type: 'string', short: 't' } } });
  const chosen = Object.keys(files).filter(path => positionals.length === 0 || positionals.some(part => path.includes(part)));
  const sum = { passed: 0, failed: 0, skipped: 0 };
  let shown = 0;
  const report = (name, errors) => {
    if (shown++ < maxShown) console.log(`FAIL  ${name}\n${errors.map(({ message }) => `      ${message}`).join('\n')}`);
  };
  for (const path of chosen) {
    const start = performance.now();
    const [file] = await startTests([`/${path}`], runnerOf(files, values.name && new RegExp(values.name)));
    const own = { passed: 0, failed: 0, skipped: 0 };
    for (const test of testsOf(file)) {
      const state = test.result?.state;
      if (state === 'fail') report(`${path} > ${nameOf(test)}`, test.result.errors ?? []);
      own[state === 'pass' ? 'passed' : state === 'fail' ? 'failed' : 'skipped']++;
    }
    // A file that cannot be loaded, or whose hooks fail, has no failed test.
    if (file.result?.state === 'fail' && own.failed === 0) {
      own.failed++;
      report(path, file.result.errors ?? []);
    }
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(
      `${own.failed === 0 ? 'ok  ' : 'FAIL'}  ${path}: ${own.passed} passed, ${own.failed} failed, ${own.skipped} left out, ${seconds} s`,
    );
    for (const key of Object.keys(sum)) sum[key] += own[key];
  }
  console.log(`${sum.passed} passed, ${sum.failed} failed`);
  // Nothing that ran is no success.
  return sum.failed === 0 && sum.passed > 0 ? 0 : 1;
}
