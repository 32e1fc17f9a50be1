import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { characters, charlm, randomStream, transpose, uniform } from './data.js';
import { compareTimes, type RunOptions, train } from './harness/contract.js';
import { perceptronFigures, recordingCosts } from './harness/recording.js';
import type { Sample } from './harness/sample.js';
import { findPeers, modulePath, ours, peers } from './harness/sides.js';
import { digits, formatSpread, formatTable, median, medians, ratio, rowsOf } from './harness/table.js';
import { findWorkload, workloads } from './harness/workloads.js';
import { chain, perceptron, products } from './micro.js';

const options: RunOptions = { device: 'cpu', variant: '', steps: 50, warmup: 3, batch: 100, length: 1, budget: 10, threads: 1 };
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

describe('compareTimes', () => {
  it('lets the bodies take turns and keeps the best', async () => {
    const turns: string[] = [];
    const body = (name: string, pause: number) => (count: number) => {
      turns.push(name);
      const until = performance.now() + count * pause;
      while (performance.now() < until);
    };
    const [quick, slow] = await compareTimes([body('quick', 2), body('slow', 6)], 0.001, 2);
    expect(turns).toEqual(['quick', 'slow', 'quick', 'slow']);
    expect(quick).toBeGreaterThanOrEqual(0.002);
    expect(slow).toBeGreaterThanOrEqual(0.006);
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

describe('spread, medians and the cost of recording', () => {
  const taken = new Map<string, Sample[]>([
    ['knet', [ok(2, 16), ok(4, 16), ok(3, 16)]],
    ['a', [ok(8, 16)]],
    ['b', [{ ok: false, error: 'it broke' }]],
  ]);

  it('shows smallest and largest sample where there are several', () => {
    const rows = rowsOf(findWorkload('charlm'), taken);
    expect(formatSpread(rows)).toEqual(['- charlm, spread in s: knet 2.00 to 4.00']);
    expect(medians(rows)).toEqual({ charlm: { knet: 3, a: 8 } });
  });

  it('relates recording and gradient to the forward pass', () => {
    const figures = (values: number[]): Sample => {
      const named = Object.fromEntries(Object.values(perceptronFigures).map((name, i) => [name, values[i]!]));
      return { ok: true, result: { seconds: 1, steps: 1, loss: 0, figures: named } };
    };
    const overhead = findWorkload('overhead');
    const rows = rowsOf(overhead, new Map([['knet', [figures([100, 112, 215])]], ...taken]));
    expect(rows.map(row => row.unit)).toEqual(['µs/op', 'µs/op', 'µs', 'µs', 'µs']);
    expect(
      recordingCosts(
        rowsOf(
          overhead,
          new Map([
            ['knet', [figures([100, 112, 215])]],
            ['a', [ok(1, 1)]],
          ]),
        ),
      ),
    ).toEqual(['- knet: recording costs 12 % of the forward pass; the gradient takes 2.15 times as long as it']);
    expect(recordingCosts(rowsOf(findWorkload('charlm'), taken))).toEqual([]);
    expect(ratio('µs', 10, 20)).toBe(2);
  });
});

describe('sides', () => {
  it('has a module of every peer for every workload', () => {
    for (const peer of peers) {
      for (const workload of workloads) {
        // A library of matrix products has no functions to record, and what is measured on one device is ours alone.
        const wanted = workload.device === undefined && (peer.name !== 'openblas' || workload.name !== 'overhead');
        expect([peer.name, workload.name, existsSync(modulePath(peer, workload.name) ?? '')]).toEqual([peer.name, workload.name, wanted]);
      }
    }
    expect(modulePath(ours, 'no-such-workload')).toBeUndefined();
  });

  it('runs the peers that need Python only when they are named', () => {
    expect(findPeers().map(peer => peer.name)).toEqual(['tfjs-wasm', 'tfjs-cpu', 'jax-jit', 'jax-eager']);
    expect(findPeers(['torch', 'openblas']).map(peer => peer.name)).toEqual(['torch', 'openblas']);
  });

  it('has a script beside every module of PyTorch', () => {
    const peer = peers.find(({ name }) => name === 'torch')!;
    for (const { name } of workloads.filter(({ device }) => device === undefined))
      expect(existsSync(modulePath(peer, name)!.replace(/ts$/, 'py'))).toBe(true);
  });

  it('names what it does not know', () => {
    expect(findPeers(['jax-jit', 'tfjs-wasm']).map(peer => peer.name)).toEqual(['tfjs-wasm', 'jax-jit']);
    expect(findPeers(['none'])).toEqual([]);
    expect(() => findPeers(['pytorch'])).toThrow('"pytorch"');
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

  it('notice a wrong perceptron', () => {
    const { first, second, x, y, error } = perceptron();
    const layer = (inputs: ArrayLike<number>, weights: Float32Array, rows: number, from: number, to: number): number[] =>
      Array.from({ length: rows * to }, (_, at) => {
        let total = 0;
        for (let i = 0; i < from; i++) total += inputs[Math.floor(at / to) * from + i]! * weights[i * to + (at % to)]!;
        return total;
      });
    const hidden = layer(x, first, 100, 784, 64).map(v => Math.max(0, v));
    const differences = layer(hidden, second, 100, 64, 10).map((score, i) => score - y[i]!);
    const loss = differences.reduce((sum, d) => sum + d * d, 0) / 100;
    const gradient = Array.from({ length: 10 }, (_, o) => differences.reduce((sum, d, i) => sum + (i % 10 === o ? d / 50 : 0), 0));
    expect(error(loss, gradient)).toBeLessThan(1e-12);
    expect(error(loss * 1.01, gradient)).toBeCloseTo(0.01);
    expect(error(loss, [...gradient].reverse())).toBeGreaterThan(0.01);
    expect(() => error(loss, [])).toThrow('expected 10');
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
      // On a busy machine a note about that stands beside it, and nothing else.
      const busy =
        good.ok && good.result.note !== undefined ? { note: expect.stringMatching(/^other processes took \d+ % of the processors$/) } : {};
      expect(good).toEqual({ ok: true, result: { seconds: 1, steps: 50, loss: 1, firstLoss: 2, ...busy } });
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
