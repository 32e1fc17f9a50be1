import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import type { NativeWeakReference } from '../src/weak-reference.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** What the weak references of a native backend have to do. */
export function weakReferenceTests(make: () => { weakReference(target: object): NativeWeakReference }): void {
  it('tells of a collection without leaving the turn', () => {
    const backend = make();
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

  it('can be used again, once it has ended by itself or by hand', () => {
    const backend = make();
    const reference = (() => backend.weakReference({ a: 1 }))();
    gc();
    expect(reference.deref()).toBeUndefined();
    const kept = { b: 2 };
    reference.renew(kept);
    gc();
    expect(reference.deref()).toBe(kept);
    reference.release();
    const other = { c: 3 };
    reference.renew(other);
    reference.renew(kept);
    expect(reference.deref()).toBe(kept);
    (() => reference.renew({ d: 4 }))();
    gc();
    expect([reference.deref(), reference.deref()]).toEqual([undefined, undefined]);
    reference.release();
  });
}
