import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { characters, charlm, randomStream, transpose, uniform } from './data.js';
import { type RunOptions, train } from './harness/contract.js';
import type { Sample } from './harness/sample.js';
import { findPeers, modulePath, ours, peers } from './harness/sides.js';
import { digits, formatTable, median, ratio, rowsOf } from './harness/table.js';
import { findWorkload, workloads } from './harness/workloads.js';
import { chain, products } from './micro.js';

const options: RunOptions = { device: 'cpu', variant: '', steps: 50, warmup: 3, budget: 10, threads: 1 };
const ok = (seconds: number, steps: number): Sample => ({ ok: true, result: { seconds, steps, loss: 1, firstLoss: 2 } });

describe('data', () => {
  it('repeats its numbers for a seed, within the limit', () => {
    expect(uniform(5, 0.1, 1)).toEqual(uniform(5, 0.1, 1));
    expect(uniform(5, 0.1, 1)).not.toEqual(uniform(5, 0.1, 2));
    const next = randomStream(7);
    const drawn = Array.from({ length: 10_000 }, next);
    expect(drawn.reduce((sum, v) => sum + v, 0) / drawn.length).toBeCloseTo(0.5, 1);
    expect(drawn.every(v => v >= 0 && v < 1)).toBe(true);
  });

  it('draws characters of the vocabulary, one step more than is predicted', () => {
    const ids = characters(0);
    expect(ids.length).toBe((charlm.length + 1) * charlm.batch);
    expect(Math.max(...ids)).toBeLessThan(charlm.vocabulary);
    expect(Math.min(...ids)).toBeGreaterThanOrEqual(0);
  });

  it('transposes', () => {
    expect([...transpose(Float32Array.of(1, 2, 3, 4, 5, 6), 2, 3)]).toEqual([1, 4, 2, 5, 3, 6]);
  });
});

describe('train', () => {
  const counter = (pause = 0) => {
    let taken = 0;
    return {
      step: () => {
        taken++;
        const until = performance.now() + pause;
        while (performance.now() < until);
      },
      finish: () => {},
      loss: () => 1 / (1 + taken),
    };
  };

  it('times the steps after the warm-up', async () => {
    expect(await train(counter(), options)).toMatchObject({ steps: 50, firstLoss: 1, loss: 1 / 54 });
  });

  it('stops when the budget is gone, after one step at least', async () => {
    expect((await train(counter(20), { ...options, warmup: 0, budget: 0.01 })).steps).toBe(1);
  });
});

describe('table', () => {
  it('takes medians and scales them to the whole workload', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1])).toBe(2.5);
    const [row] = rowsOf(findWorkload('charlm'), new Map([['a', [ok(8, 16), ok(6, 8), ok(10, 16)]]]));
    expect(row?.cells.get('a')).toEqual({ value: 10, note: 'scaled from 8 steps', samples: [8, 12, 10] });
  });

  it('shows how many times faster we are, what is missing and what failed', () => {
    const taken = new Map<string, Sample[]>([
      ['knet', [ok(2, 16)]],
      ['a', [ok(8, 16)]],
      ['b', [{ ok: false, error: 'it broke' }]],
    ]);
    const table = formatTable(rowsOf(findWorkload('charlm'), taken), 'knet', ['a', 'b', 'c']);
    expect(table).toMatch(/charlm +\| s +\| +2\.00 \| +8\.00 \(4\.00x\) \| +failed \| +not there \|/);
    expect(table).toContain('charlm, b: it broke');
    expect(ratio('GFLOP/s', 30, 10)).toBe(3);
    expect(digits(0.01234)).toBe('0.0123');
    expect(digits(1234.5)).toBe('1235');
  });
});

describe('sides', () => {
  it('has a module of every peer for every workload', () => {
    for (const peer of peers) for (const workload of workloads) expect(existsSync(modulePath(peer, workload.name) ?? '')).toBe(true);
    expect(modulePath(ours, 'no-such-workload')).toBeUndefined();
  });

  it('names what it does not know', () => {
    expect(findPeers(['jax-jit', 'tfjs-wasm']).map(peer => peer.name)).toEqual(['tfjs-wasm', 'jax-jit']);
    expect(findPeers(['none'])).toEqual([]);
    expect(() => findPeers(['torch'])).toThrow('"torch"');
    expect(() => findWorkload('vgg')).toThrow('"vgg"');
  });
});

describe('micro-benchmarks', () => {
  it('notice a wrong product', () => {
    const item = products().find(product => product.name === '64x784x100 dW')!;
    const { a, b } = item;
    const right = new Float64Array(784 * 64);
    for (let i = 0; i < 784; i++) {
      for (let j = 0; j < 64; j++)
        for (let p = 0; p < 100; p++) right[i * 64 + j]! += a.data[p * a.columns + i]! * b.data[p * b.columns + j]!;
    }
    expect(item.error(right)).toBeLessThan(1e-6);
    expect(item.error(right.map(v => v * 1.01))).toBeGreaterThan(1e-3);
  });

  it('notice a wrong chain', () => {
    const right = Float64Array.from(chain.x, (_, i) => chain.value(i));
    expect(chain.error(right)).toBe(0);
    expect(chain.error(right.map(v => v + 0.1))).toBeCloseTo(0.1);
  });
});

describe('runSample', () => {
  const folder = mkdtempSync(join(tmpdir(), 'knet-bench-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('brings back a result, a failure to learn, a crash and a time-out', async () => {
    const { runSample } = await import('./harness/sample.js');
    const module = (name: string, body: string): string => {
      const path = join(folder, `${name}.mjs`);
      writeFileSync(path, `export async function run(options) { ${body} }`);
      return path;
    };
    // Under vitest there is no loader in execArgv to hand on, so the child is started as the runner would.
    const execArgv = process.execArgv;
    process.execArgv = ['--import', 'tsx'];
    try {
      const good = await runSample(module('good', 'return { seconds: 1, steps: options.steps, loss: 1, firstLoss: 2 };'), options, 30);
      expect(good).toEqual({ ok: true, result: { seconds: 1, steps: 50, loss: 1, firstLoss: 2 } });
      const idle = await runSample(module('idle', 'return { seconds: 1, steps: 1, loss: 2, firstLoss: 2 };'), options, 30);
      expect(idle).toMatchObject({ ok: false, error: expect.stringContaining('did not learn') });
      const crash = await runSample(module('crash', 'process.exit(7);'), options, 30);
      expect(crash).toMatchObject({ ok: false, error: expect.stringContaining('exit code 7') });
      const slow = await runSample(module('slow', 'for (;;);'), options, 3);
      expect(slow).toEqual({ ok: false, error: 'killed after 3 s' });
    } finally {
      process.execArgv = execArgv;
    }
  });
});
