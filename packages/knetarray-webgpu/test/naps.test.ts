import { expect, it } from 'vitest';
import { Naps } from '../src/naps.js';

/** Naps on a clock of their own, and a wait for work that takes some milliseconds. */
function clocked() {
  let time = 0;
  const slept: number[] = [];
  const naps = new Naps(
    async milliseconds => {
      slept.push(milliseconds);
      time += milliseconds;
    },
    () => time,
  );
  const wait = (work: number): Promise<string> => {
    const done = time + work;
    return naps.before(async () => {
      time = Math.max(time, done);
      return 'done';
    });
  };
  return { slept, wait, now: () => time };
}

it('sleeps through a part of the wait once it knows how long waits are', async () => {
  const { slept, wait, now } = clocked();
  for (let i = 0; i < 4; i++) expect(await wait(100)).toBe('done');
  expect(slept).toEqual([]);
  for (let i = 0; i < 3; i++) await wait(100);
  expect(slept).toEqual([75, 75, 75]);
  expect(now()).toBe(700);
});

it('never sleeps when one of the last waits was short', async () => {
  const { slept, wait } = clocked();
  for (let i = 0; i < 40; i++) await wait(i % 4 === 0 ? 1 : 500);
  expect(slept).toEqual([]);
});

it('sleeps less and less when there is nothing to wait for any more', async () => {
  const { slept, wait, now } = clocked();
  for (let i = 0; i < 4; i++) await wait(100);
  const begin = now();
  for (let i = 0; i < 100; i++) await wait(0);
  expect(slept.slice(0, 2)).toEqual([75, 56.25]);
  expect(now() - begin).toBeLessThan(400);
  const count = slept.length;
  for (let i = 0; i < 10; i++) await wait(0);
  expect(slept.length).toBe(count);
});

it('passes a failure on, and goes on afterwards', async () => {
  const naps = new Naps();
  await expect(naps.before(() => Promise.reject(new Error('lost')))).rejects.toThrow('lost');
  expect(await naps.before(() => Promise.resolve(3))).toBe(3);
});
