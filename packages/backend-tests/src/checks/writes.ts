/** Writes in place: what pending readers, views and running gradients see of them. */
import * as knet from '@knet/knetarray';
import { type DType, type KnetArray, span } from '@knet/knetarray';
import { assert, exact, expectArray, expectError } from '../compare.js';
import { type HostArray, host, upload } from '../host.js';
import type { Suite } from '../suite.js';

/** Registers the tests. */
export function checkWrites(suite: Suite): void {
  suite.group('writes in place', () => {
    for (const dtype of suite.floats) {
      suite.test('set', dtype, () => pendingReaders(dtype), 'with pending readers');
      suite.test('set', dtype, () => views(dtype), 'through views');
      suite.test('assign', dtype, () => assigned(dtype));
      suite.test('descend', dtype, () => descended(dtype));
      suite.test('set', dtype, () => refused(dtype), 'during a gradient');
    }
  });
}

const three = (dtype: DType, ...x: number[]): HostArray => host(dtype, [3], x);
const is = (a: KnetArray, dtype: DType, x: number[], what: string): Promise<void> => expectArray(a, host(dtype, a.shape, x), exact, what);

async function pendingReaders(dtype: DType): Promise<void> {
  const a = upload(three(dtype, 1, 2, 3));
  const b = a.add(10);
  const c = b.mul(a);
  a.set(0, 7);
  const d = a.add(10);
  a.set(1, 8);
  a.set(2, 9);
  await is(b, dtype, [11, 12, 13], 'a sum that was pending during a write');
  await is(c, dtype, [11, 24, 39], 'a product that was pending during a write');
  await is(d, dtype, [17, 12, 13], 'a sum that was pending between two writes');
  await is(a, dtype, [7, 8, 9], 'the array that was written');
  // A constant takes memory only now; what was made of it before keeps its number.
  const z = knet.zeros([3], { dtype });
  const e = z.add(upload(three(dtype, 1, 2, 3)));
  z.set(1, 5);
  await is(e, dtype, [1, 2, 3], 'a sum with a constant that was written later');
  await is(z, dtype, [0, 5, 0], 'a constant that was written');
  // The reader is disposed without ever running, and the written array too.
  const f = a.add(1);
  a.set(0, 1);
  f.dispose();
  const g = a.add(1);
  a.dispose();
  await is(g, dtype, [2, 9, 10], 'a sum of an array that was disposed');
  // A pending array is written itself.
  const h = upload(three(dtype, 1, 2, 3)).mul(2);
  const i = h.add(1);
  h.set(0, 50);
  await is(i, dtype, [3, 5, 7], 'a sum of a pending array that was written');
  await is(h, dtype, [50, 4, 6], 'a pending array that was written');
}

async function views(dtype: DType): Promise<void> {
  const a = upload(host(dtype, [2, 3], [1, 2, 3, 4, 5, 6]));
  const column = a.slice(':', 1);
  const turned = a.t();
  const flat = a.vec();
  const before = column.add(turned.slice(1));
  a.set([0, 1], 30);
  await is(before, dtype, [6, 8], 'a sum of views that was pending during a write');
  await is(column, dtype, [30, 4], 'a column after a write to its matrix');
  await is(turned, dtype, [1, 30, 5, 2, 4, 6], 'a transposed view after a write');
  column.set(1, 40);
  await is(a, dtype, [1, 2, 30, 40, 5, 6], 'a matrix after a write to a view of it');
  const pending = flat.mul(2);
  turned.set([2], upload(host(dtype, [2], [50, 60])));
  await is(pending, dtype, [2, 4, 60, 80, 10, 12], 'a pending product of a view, after a write to another view');
  await is(flat, dtype, [1, 2, 30, 40, 50, 60], 'a reshaped view after a write to another view');
  // Source and target overlap.
  flat.set(span(0, 5), flat.slice(span(1, 6)));
  await is(a, dtype, [2, 30, 40, 50, 60, 60], 'elements moved within one array');
  // The whole is disposed, the view lives on.
  a.dispose();
  await is(column, dtype, [40, 50], 'a view of a disposed array');
  const copied = knet.copy(column);
  column.set([], 0);
  await is(copied, dtype, [40, 50], 'a copy after a write to the original');
  const wide = knet.expand(upload(host(dtype, [1, 2], [1, 2])), [3, 2]);
  await expectError(() => wide.set([0, 0], 9), /set.*(expand|repeat)/, 'set on an array that repeats its elements');
}

/** Steps of gradient descent have the bits of the arithmetic that they stand for. */
async function descended(dtype: DType): Promise<void> {
  const elements = (n: number, scale: number) => Array.from({ length: n }, (_, i) => Math.sin(scale * i + 1));
  const steps = [1, 7, 67].map((n, i) => {
    const [w, g] = [upload(host(dtype, [n], elements(n, 0.7))), upload(host(dtype, [n], elements(n, 1.3)))];
    if (!(w instanceof knet.DeviceArray && g instanceof knet.DeviceArray)) throw new TypeError('upload made no plain array');
    assert(knet.canDescend(w, g), `descend does not take arrays of ${n} elements`);
    return { w, g, lr: [0.1, -3, 0.07][i]! };
  });
  const expected = steps.map(({ w, g, lr }) => knet.sub(w, knet.mul(lr, g)));
  const wanted = await Promise.all(expected.map(async x => host(dtype, x.shape, [...(await x.data())])));
  const reader = steps[1]!.w.mul(1);
  const old = host(dtype, [7], [...(await knet.copy(steps[1]!.w).data())]);
  knet.descend(steps);
  for (const [i, { w }] of steps.entries()) await expectArray(w, wanted[i]!, exact, `array ${i} after a step of gradient descent`);
  await expectArray(reader, old, exact, 'what was computed from an array before a step of gradient descent');
}

async function assigned(dtype: DType): Promise<void> {
  const [a, b] = [upload(three(dtype, 1, 2, 3)), upload(three(dtype, 4, 5, 6))];
  const reader = a.add(b);
  const view = a.reshape(3, 1);
  knet.assign([
    [a, b],
    [b, a],
  ]);
  await is(a, dtype, [4, 5, 6], 'the first of two swapped arrays');
  await is(b, dtype, [1, 2, 3], 'the second of two swapped arrays');
  await is(reader, dtype, [5, 7, 9], 'a pending sum after a swap');
  await is(view, dtype, [4, 5, 6], 'a view after a swap');
  const next = a.sub(b.mul(2));
  knet.assign([[a, next]]);
  a.set(0, 100);
  await is(next, dtype, [2, 1, 0], 'a value after the array it was assigned to was written');
  await is(a, dtype, [100, 1, 0], 'an array that was assigned to and written');
  const m = upload(host(dtype, [2, 2], [1, 2, 3, 4]));
  knet.assign([[m.slice(':', 1), upload(host(dtype, [2], [8, 9]))]]);
  await is(m, dtype, [1, 2, 8, 9], 'a matrix after an assignment to its column');
  // A gradient is the user's, even when it is assigned.
  const g = knet.grad((v: KnetArray) => v.mul(b).sum())(b);
  knet.assign([[a, g]]);
  a.set(0, 50);
  await is(g, dtype, [1, 2, 3], 'a gradient that was assigned to an array');
  await is(a, dtype, [50, 2, 3], 'an array to which a gradient was assigned');
  // More operands in one group than a small device takes in one program.
  const list = Array.from({ length: 12 }, (_, i) => upload(three(dtype, i, i + 1, i + 2)));
  const other = list.map((_, i) => upload(three(dtype, i, 0, 1)));
  knet.assign(list.map((x, i) => [x, x.sub(other[i]!.mul(0.5)).add(1).mul(2)] as const));
  for (const [i, x] of list.entries()) await is(x, dtype, [i + 2, 2 * i + 4, 2 * i + 5], `array ${i} of a group that was assigned to`);
  // Nothing changes when one value does not fit.
  await expectError(
    () =>
      knet.assign([
        [a, b],
        [b, m],
      ]),
    /assign: .*\[2, 2\].*\[3\]/,
    'assign of another shape',
  );
  await is(a, dtype, [50, 2, 3], 'an array after an assignment that failed');
}

async function refused(dtype: DType): Promise<void> {
  const w = upload(three(dtype, 1, 2, 3));
  const x = upload(three(dtype, 4, 5, 6));
  const boxed = knet.grad((v: KnetArray) => {
    v.set(0, 1);
    return v.sum();
  });
  await expectError(() => boxed(w), /set.*differentiated/, 'set on a box');
  const captured = knet.grad((v: KnetArray) => {
    const y = v.mul(x).sum();
    x.set(0, 1);
    return y;
  });
  await expectError(() => captured(w), /set.*gradient/, 'set on an array that a gradient captured');
  const assigning = knet.grad((v: KnetArray) => {
    const y = v.mul(x).sum();
    knet.assign([[x, w]]);
    return y;
  });
  await expectError(() => assigning(w), /assign.*gradient/, 'assign to an array that a gradient captured');
  const throughView = knet.grad((v: KnetArray) => {
    const y = v.mul(x).sum();
    x.reshape(3, 1).set(0, 1);
    return y;
  });
  await expectError(() => throughView(w), /set.*gradient/, 'set through a view of an array that a gradient captured');
  await is(x, dtype, [4, 5, 6], 'an array that refused to be written');
  // What the gradient did not capture may be written while it runs, and afterwards everything.
  const free = upload(three(dtype, 0, 0, 0));
  const g = knet.grad((v: KnetArray) => {
    const y = v.add(free).sum();
    free.set(0, 1);
    return y.add(v.mul(v).sum());
  })(w);
  await is(g, dtype, [3, 5, 7], 'a gradient during which an array was written');
  x.set(0, 1);
  w.set(0, 2);
  assert((await w.get(0).item()) === 2, 'an array is written after the gradient');
}
