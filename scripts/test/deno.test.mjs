import { expect, test } from 'vitest';
import { countOutcomes } from '../checks/deno.mjs';

const good = '{"name":"adds","milliseconds":3}';
const bad = '{"name":"multiplies","error":"wrong","milliseconds":3}';

test('counts the outcomes of a run that ended as announced', () => {
  const result = countOutcomes('gpu 0 1', { code: 0, output: ['Warning: unstable', good, bad, '{"tests":2}', ''].join('\n') });
  expect(result).toEqual({ passed: 1, failed: 1, output: 'multiplies: wrong\n' });
});

test('a run that ends early is a failure that names the last test', () => {
  const crashed = countOutcomes('gpu 0 1', { code: 139, output: [good, 'Segmentation fault'].join('\n') });
  expect([crashed.passed, crashed.failed]).toEqual([1, 1]);
  expect(crashed.output).toMatch(/ended with 139 after 1 tests, the last one adds:\nSegmentation fault/);
  expect(countOutcomes('gpu 0 1', { code: 0, output: good }).failed).toBe(1);
  expect(countOutcomes('gpu 0 1', { code: 0, output: `${good}\n{"tests":2}` }).failed).toBe(1);
  expect(countOutcomes('gpu 0 1', { code: null, output: 'spawn ENOENT' }).failed).toBe(1);
});
