// vitest with coverage. The counts come from its JSON reporter; the share of covered lines is a check of its own.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { SetupError } from '../lib/explain.mjs';
import { node, root, tool } from '../lib/process.mjs';
import { chromium } from '../lib/webgpu.mjs';

const report = join(root, 'coverage', 'tests.json');
const browserReport = join(root, 'coverage', 'browser.json');
const covered = join(root, 'coverage', 'coverage-summary.json');
const leastLines = 90;

/** Sums a report of vitest's JSON reporter. A file that fails outside its tests (an import, a hook) counts as one failure. */
export function count({ testResults }) {
  const result = { passed: 0, failed: 0, skipped: [] };
  for (const file of testResults) {
    const before = result.failed;
    for (const test of file.assertionResults) {
      if (test.status === 'passed') result.passed++;
      else if (test.status === 'failed') result.failed++;
      else result.skipped.push(`${relative(root, file.name)}: ${test.fullName} (${test.status})`);
    }
    if (file.status === 'failed' && result.failed === before) result.failed++;
  }
  return result;
}

/** Runs vitest, whose progress is shown as it comes, and counts what its report in `file` says. */
async function vitest(file, args, isExplained) {
  rmSync(file, { force: true });
  const env = process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1', FORCE_COLOR: '0' };
  const options = ['run', ...args, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const { code } = await node(tool('vitest'), options, { show: true, limit: 1080, env });
  if (!existsSync(file)) return { passed: 0, failed: 1, output: 'vitest ended without a report: its messages are above.' };
  const result = count(JSON.parse(readFileSync(file, 'utf8')));
  // An error outside every test (a rejected promise that nobody awaited) shows only in the exit code.
  if (code !== 0 && result.failed === 0 && !isExplained()) {
    return { ...result, failed: 1, output: `vitest exited with ${code} though every test passed: see its messages above.` };
  }
  return result;
}

/** All tests of Node. */
export function tests() {
  rmSync(covered, { force: true });
  // Low coverage shows in the exit code too, and is a check of its own.
  return vitest(report, ['--coverage'], () => !(share() >= leastLines));
}

/** All tests of browsers, in Chromium. */
export async function browserTests() {
  const browser = await chromium();
  if (browser === undefined) throw new SetupError('There is no Chromium for the tests in a browser.');
  // An empty report is no success.
  const result = await vitest(browserReport, ['--config', 'vitest.browser.config.ts'], () => false);
  return result.passed + result.failed > 0 ? result : { ...result, failed: 1, output: 'No test ran in the browser.' };
}

/** Covered lines of packages/*\/src in percent; NaN when nothing was measured. */
function share() {
  if (!existsSync(covered)) return Number.NaN;
  const { total, covered: hit } = JSON.parse(readFileSync(covered, 'utf8')).total.lines;
  return (100 * hit) / total;
}

export async function coverage() {
  const lines = share();
  const good = lines >= leastLines;
  const output = Number.isNaN(lines)
    ? 'No line of packages/*/src was measured.'
    : `${lines.toFixed(1)} % of the lines in packages/*/src are covered; at least ${leastLines} % are wanted.`;
  return { passed: good ? 1 : 0, failed: good ? 0 : 1, output };
}
