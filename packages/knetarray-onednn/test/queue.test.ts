/** Commands that are computed while JavaScript goes on. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, useBackend } from '@knet/knetarray';
import { afterAll, describe, expect, it } from 'vitest';
import { contents, native, viewOn } from './views.js';

const folder = mkdtempSync(join(tmpdir(), 'knet-queue-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('keeps the order, tells failures once, and has one owner', () => {
  const program = join(folder, 'queue');
  const at = (path: string): string => join(import.meta.dirname, path);
  const sources = [at('programs/queue.cc'), at('../native/queue.cc'), at('../native/parallel.cc')];
  execFileSync(process.env.CXX || 'g++', ['-std=c++17', '-O1', '-Wall', '-Wextra', '-pthread', ...sources, '-o', program]);
  for (const threads of ['1', '2', '5']) {
    expect(execFileSync(program, { env: { ...process.env, KNET_NUM_THREADS: threads }, encoding: 'utf8' })).toBe('right\n');
  }
});

describe('JavaScript goes on', () => {
  // Products take a hundred microseconds, so that commands after them wait. A power of two: all sums are exact.
  const size = 256;
  const square = (fill: number) => {
    const layout = { dtype: 'float32', shape: [size, size] } as const;
    return viewOn(native, layout, new Float32Array(size * size).fill(fill));
  };
  const first = (view: Parameters<typeof contents>[1]): number => contents(native, view, 1)[0]!;

  it('and reads what was computed', () => {
    const [a, b, c] = [square(1), square(2), square(0)];
    for (let i = 0; i < 200; i++) {
      native.matmul(a, b, c, 1, 0);
      native.matmul(c, b, a, 1 / (2 * size) ** 2, 0);
    }
    expect(contents(native, a, size * size).every(x => x === 1)).toBe(true);
  });

  it('and writes over what waiting commands still read', () => {
    const [a, b, c] = [square(1), square(2), square(0)];
    for (let i = 1; i <= 20; i++) {
      for (let k = 0; k < 4; k++) native.matmul(a, b, c, 1, 0);
      native.write(a.storage, 0, new Float32Array(size * size).fill(i + 1));
      expect(first(c)).toBe(2 * size * i);
    }
  });

  it('and is told of a wrong position at once, after what came before it', () => {
    const [a, b, c] = [square(1), square(2), square(0)];
    const indices = viewOn(native, { dtype: 'int32', shape: [1] }, Int32Array.of(size));
    const slice = viewOn(native, { dtype: 'float32', shape: [size, 1] });
    for (let i = 0; i < 10; i++) native.matmul(a, b, c, 1, 0);
    expect(() => native.gather(c, indices, slice, 1)).toThrow(RangeError);
    expect(first(c)).toBe(2 * size);
  });

  it('and changes the number of threads', () => {
    const count = native.threads;
    const [a, b, c] = [square(1), square(2), square(0)];
    try {
      for (let i = 0; i < 60; i++) {
        native.threads = 1 + (i % 4);
        for (let k = 0; k < 5; k++) native.matmul(a, b, c, i, 0);
        expect(first(c)).toBe(2 * size * i);
      }
    } finally {
      native.threads = count;
    }
  });

  it('and compiles programs that waiting commands do not know', () => {
    useBackend(native);
    let product = array(new Float32Array(size * size).fill(1), { shape: [size, size] });
    const half = array(new Float32Array(size * size).fill(1 / size), { shape: [size, size] });
    for (let i = 0; i < 30; i++) {
      product = product.matmul(half);
      // Another program each time: so many functions.
      for (let k = 0; k <= i; k++) product = k % 2 === 0 ? product.add(1) : product.sub(1);
      if (i % 2 === 0) product = product.sub(1);
    }
    expect(product.dataSync().every(x => x === 1)).toBe(true);
  });

  it.each(['process.exit(0)', ''])('and the process ends with commands that wait: %s', end => {
    const addon = process.env.KNET_ONEDNN_ADDON ?? join(import.meta.dirname, '../build/knet.node');
    const matrix = 'Math.ceil(native.address(new ArrayBuffer(4 * 400 * 400 + 64)) / 64) * 64, 1, 400';
    const script = `
      const native = require(${JSON.stringify(addon)});
      const words = native.connect();
      words.set([0, 400, 400, 400, 1, 0, ${matrix}, ${matrix}, ${matrix}, 0]);
      for (let i = 0; i < 40; i++) {
        words[words.length - 1] = 16;
        native.matmul();
      }
      ${end}`;
    execFileSync(process.execPath, ['-e', script]);
  });
});
