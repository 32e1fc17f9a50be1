/** Running the suite without a test runner, for its outcomes alone. */
import type { Backend } from '@knet/knetarray';
import { conformance } from './conformance.js';
import type { ConformanceOptions } from './suite.js';
import { SupportReport } from './support.js';

/**
 * Runs every test of the suite, one after the other, and collects the outcomes; a failure is one of them and is not thrown.
 *
 * @example
 * const report = await collectSupport(() => cpuBackend());
 * console.log(report.markdown());
 */
export async function collectSupport(
  factory: () => Backend,
  options: Omit<ConformanceOptions, 'describe' | 'it'> = {},
): Promise<SupportReport> {
  const report = options.report ?? new SupportReport();
  const tests: (() => Promise<void>)[] = [];
  conformance(factory, {
    ...options,
    report,
    describe: (_name, body) => body(),
    it: (_name, body) => tests.push(body),
  });
  for (const test of tests) {
    try {
      await test();
    } catch {
      // The report has it.
    }
  }
  return report;
}
