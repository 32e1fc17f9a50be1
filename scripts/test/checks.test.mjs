import { describe, expect, test } from 'vitest';
import { count } from '../checks/tests.mjs';
import { closure, packages } from '../lib/workspace.mjs';

describe('count', () => {
  const passed = { status: 'passed', fullName: 'adds' };
  const failed = { status: 'failed', fullName: 'multiplies' };
  const pending = { status: 'pending', fullName: 'divides' };

  test('sums the tests of all files and names the skipped ones', () => {
    const result = count({
      testResults: [
        { name: '/a.test.ts', status: 'passed', assertionResults: [passed, passed, pending] },
        { name: '/b.test.ts', status: 'failed', assertionResults: [passed, failed] },
      ],
    });
    expect([result.passed, result.failed]).toEqual([3, 1]);
    expect(result.skipped).toHaveLength(1);
    expect(result.skipped[0]).toMatch(/a\.test\.ts: divides \(pending\)/);
  });

  test('a file that cannot be loaded is one failure', () => {
    expect(count({ testResults: [{ name: '/a.test.ts', status: 'failed', assertionResults: [] }] }).failed).toBe(1);
  });
});

describe('closure', () => {
  test('follows the dependencies of packages', () => {
    const entry = (name, dependencies = {}) => ({ name, folder: '', manifest: { dependencies } });
    const all = [entry('a', { b: '1', external: '2' }), entry('b', { c: '1' }), entry('c'), entry('d')];
    expect(closure('a', all)).toEqual(['a', 'b', 'c']);
  });

  test('the real packages are there, and autograd needs none of them', () => {
    expect(packages().map(entry => entry.name)).toContain('@knet/knetarray');
    expect(closure('@knet/autograd')).toEqual(['@knet/autograd']);
  });
});
