import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { progress } from '../src/index.js';
import { timing } from '../src/progress.js';

let written: string;
const { isTTY } = process.stderr;

beforeEach(() => {
  written = '';
  vi.spyOn(process.stderr, 'write').mockImplementation(text => {
    written += text;
    return true;
  });
});
afterEach(() => {
  process.stderr.isTTY = isTTY;
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A loop in which each item takes a second. */
function* seconds(n: number): Generator<number> {
  for (let i = 0; i < n; i++) {
    vi.advanceTimersByTime(1000);
    yield i;
  }
}

describe('progress where there is no terminal', () => {
  beforeEach(() => {
    process.stderr.isTTY = false;
    vi.useFakeTimers();
  });

  it('passes the items on and prints nothing', () => {
    expect([...progress([1, 2, 3])]).toEqual([1, 2, 3]);
    expect([...progress(new Set([1]))]).toEqual([1]);
    expect(written).toBe('');
  });

  it('prints a line every few seconds when asked', () => {
    const items = [...progress(seconds(6), { every: 3, label: 'epoch 1', total: 6, message: (item, count) => `item ${item} of ${count}` })];
    expect(items.length).toBe(6);
    expect(written).toBe('epoch 1 3/6 1.00/s, 0:03 left item 2 of 3\nepoch 1 6/6 1.00/s, 0:06 taken item 5 of 6\n');
  });

  it('takes what is awaited', async () => {
    async function* source() {
      yield 1;
      yield 2;
    }
    const seen: number[] = [];
    for await (const i of progress(source())) seen.push(i);
    expect(seen).toEqual([1, 2]);
  });
});

describe('progress on a terminal', () => {
  beforeEach(() => {
    process.stderr.isTTY = true;
  });

  it('draws a bar with count, rate and time, and ends its line', () => {
    const data = {
      length: 3,
      *[Symbol.iterator]() {
        yield* [1, 2, 3];
      },
    };
    expect([...progress(data, { label: 'epoch {1}' })]).toEqual([1, 2, 3]);
    expect(written).toContain('epoch 1 ');
    expect(written).toContain('100% 3/3');
    expect(written).toMatch(/\/s, 0:00 taken/);
    expect(written).toContain('\n');
  });

  it('is drawn in a loop that never lets timers run, and stops when the loop is left', () => {
    const end = performance.now() + 400;
    let inside = '';
    const endless = {
      length: 1e9,
      *[Symbol.iterator]() {
        for (;;) yield 1;
      },
    };
    for (const _ of progress(endless)) {
      if (performance.now() < end) continue;
      inside = written;
      break;
    }
    expect(inside).toMatch(/left/);
    expect(inside).not.toContain('\n');
    expect(written).toContain('\n');
  });
});

describe('timing', () => {
  it('says rate and time left', () => {
    expect(timing(0, 10, 1)).toBe('');
    expect(timing(10, 110, 5)).toBe('2.00/s, 0:50 left');
    expect(timing(1, 3, 1800)).toBe('1800 s each, 1:00:00 left');
    expect(timing(12345, undefined, 1)).toBe('12345/s, 0:01 taken');
  });
});
