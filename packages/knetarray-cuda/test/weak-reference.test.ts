import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { emulated } from './emulated.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

it('tells of a collection without leaving the turn', () => {
  const backend = emulated();
  const kept = { a: 1 };
  const references = Array.from({ length: 100 }, () => backend.weakReference({ b: 2 }));
  const alive = backend.weakReference(kept);
  gc();
  expect(references.every(reference => reference.deref() === undefined)).toBe(true);
  expect(alive.deref()).toBe(kept);
  for (const reference of references) reference.release();
  alive.release();
  alive.release();
  expect(alive.deref()).toBeUndefined();
});
