/** Making arrays, reading them, and random numbers. */
import * as knet from '@knet/knetarray';
import { type DType, fillNormal, fillUniform, type TypedArray, typedArray } from '@knet/knetarray';
import { assert, exact, expectArray, expectElements } from '../compare.js';
import { host, layouts, sample, upload } from '../host.js';
import type { Suite } from '../suite.js';

/** Registers the tests. */
export function checkMaking(suite: Suite): void {
  suite.group('making and reading', () => {
    for (const dtype of suite.dtypes) {
      suite.test('array', dtype, () => checkMakers(dtype));
      suite.test('data', dtype, () => checkReading(dtype));
    }
    for (const dtype of suite.floats) {
      if (!suite.backend.supports('random', dtype)) continue;
      suite.test('rand', dtype, () => checkRandom(dtype));
      suite.test('randn', dtype, () => checkNormal(suite, dtype));
    }
  });
}

async function checkMakers(dtype: DType): Promise<void> {
  const rows = [
    [1, 0, 1],
    [0, 1, 1],
  ];
  await expectArray(knet.array(rows, { dtype }), host(dtype, [2, 3], [1, 0, 0, 1, 1, 1]), exact, 'array of rows');
  await expectArray(
    knet.zeros([3, 2], { dtype }),
    host(dtype, [3, 2], () => 0),
    exact,
    'zeros',
  );
  await expectArray(knet.ones([2, 0], { dtype }), host(dtype, [2, 0], []), exact, 'ones without elements');
  await expectArray(knet.full([], 1, { dtype }), host(dtype, [], [1]), exact, 'full of no dimensions');
  await expectArray(
    knet.eye(3, { dtype }),
    host(dtype, [3, 3], ([i, j]) => Number(i === j)),
    exact,
    'eye',
  );
  await expectArray(knet.similar(knet.ones([2], { dtype })), host(dtype, [2], [0, 0]), exact, 'similar');
  if (dtype === 'bool') return;
  await expectArray(knet.arange(2, 11, 3, { dtype }), host(dtype, [3], [2, 5, 8]), exact, 'arange');
  await expectArray(knet.linspace(0, 8, 5, { dtype }), host(dtype, [5], [0, 2, 4, 6, 8]), exact, 'linspace');
}

async function checkReading(dtype: DType): Promise<void> {
  const x = sample(dtype, [3, 2, 2], { low: -50, high: 50 });
  for (const layout of layouts) {
    const rows = await upload(x, layout).toArray();
    const expected = [0, 1, 2].map(i => [0, 1].map(j => [0, 1].map(k => x.data[i + 3 * j + 6 * k]!)));
    assert(JSON.stringify(rows) === JSON.stringify(expected), `toArray, ${layout}: ${JSON.stringify(rows)}`);
    assert((await upload(x, layout).get(2, 1, 0).item()) === x.data[5], `item, ${layout}`);
  }
  // A read is a snapshot: neither later writes to the array nor changes to what was read are seen.
  const a = upload(x);
  const reading = a.data();
  a.set([], 0);
  const first: TypedArray = await reading;
  expectElements(first, x, exact, 'a read that was asked for before a write');
  first.fill(1);
  await expectArray(
    a,
    host(dtype, x.shape, () => 0),
    exact,
    'an array after what was read from it changed',
  );
  // What was given may change afterwards.
  const given = x.data.slice();
  const b = knet.array(given, { shape: x.shape, dtype });
  given.fill(1);
  await expectArray(b, x, exact, 'an array after the data it was made of changed');
}

async function checkRandom(dtype: DType): Promise<void> {
  for (const shape of [[], [5], [1023], [4097], [33, 31]]) {
    const expected = host(dtype, shape, []);
    if (expected.data instanceof Float32Array || expected.data instanceof Float64Array) fillUniform([7, 0xffffffff], expected.data);
    await expectArray(knet.rand(shape, { dtype, seed: 7 }), expected, exact, `rand of [${shape}]`);
  }
  knet.seed(42);
  const first = await knet.rand([10], { dtype }).data();
  const second = await knet.rand([10], { dtype }).data();
  knet.seed(42);
  expectElements(await knet.rand([10], { dtype }).data(), host(dtype, [10], first), exact, 'rand after the same seed');
  assert(first.join() !== second.join(), 'rand gives the same numbers twice');
}

async function checkNormal(suite: Suite, dtype: DType): Promise<void> {
  const n = 10_001;
  const expected = typedArray(dtype, n);
  if (expected instanceof Float32Array || expected instanceof Float64Array) fillNormal([7, 0xffffffff], expected);
  const x = knet.randn([n], { dtype, seed: 7 });
  expectElements(await x.data(), host(dtype, [n], expected), suite.tolerance('randn', dtype, 20), 'randn');
  const mean = await x.mean().item();
  const std = await x.std().item();
  assert(Math.abs(mean) < 0.05 && Math.abs(std - 1) < 0.05, `randn: mean ${mean}, standard deviation ${std}`);
}
