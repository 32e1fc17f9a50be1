import { describe, expect, it } from 'vitest';
import { SupportReport } from '../src/index.js';

describe('support table', () => {
  it('lists the dtypes that pass, what fails, and exclusions with their reasons', () => {
    const report = new SupportReport();
    report.pass('add', 'float32', 'cpu');
    report.pass('add', 'float64', 'cpu');
    report.pass('add', 'float32', 'gpu');
    report.exclude('all', 'float64', 'gpu', 'the device lacks it');
    report.pass('memory', undefined, 'gpu');
    report.fail('memory', undefined, 'cpu', 'a leak');
    const text = report.markdown();
    expect(text).toContain('| `add` | float32, float64 | float32 |');
    expect(text).toContain('| `memory` | **any fails** | yes |');
    expect(text).toContain('- gpu: everything with float64: the device lacks it');
  });

  it('keeps a failure when another test of the function passes', () => {
    const report = new SupportReport();
    report.fail('add', 'float32', 'cpu', 'wrong');
    report.pass('add', 'float32', 'cpu');
    expect(report.entries()).toEqual([{ function: 'add', dtype: 'float32', backend: 'cpu', status: 'fail', reason: 'wrong' }]);
  });

  it('asks for a reason', () => {
    expect(() => new SupportReport().exclude('add', undefined, 'cpu', ' ')).toThrow(/needs a reason/);
  });

  it('takes the outcomes of other runs', () => {
    const report = new SupportReport();
    report.pass('add', 'int32', 'cpu');
    const other = new SupportReport();
    other.add(JSON.parse(JSON.stringify(report.entries())));
    expect(other.markdown()).toBe(report.markdown());
  });
});
