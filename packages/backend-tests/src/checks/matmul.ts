/** Matrix products: every way to lay out and transpose the operands, batches, odd sizes; alpha and beta of the kernel. */
import { axpy, type Backend, bmm, type DType, dot, expand, isFloat, type KnetArray, matmul, outer, permute } from '@knet/knetarray';
import { exact, expectArray, expectElements, type Tolerance } from '../compare.js';
import { at, deviceView, type HostArray, host, layouts, sample, upload } from '../host.js';
import type { Suite } from '../suite.js';

/** The product of (batches of) matrices by the definition. */
function productHost(a: HostArray, b: HostArray, dtype: DType): HostArray {
  const k = a.shape[1]!;
  return host(dtype, [a.shape[0]!, b.shape[1]!, ...a.shape.slice(2)], ([i, j, ...batch]) => {
    let s = 0;
    for (let l = 0; l < k; l++) s += at(a, [i!, l, ...batch]) * at(b, [l, j!, ...batch]);
    return s;
  });
}

/** The host array with its first two dimensions swapped. */
function turned(x: HostArray): HostArray {
  const [m, n, ...rest] = x.shape;
  return host(x.dtype, [n!, m!, ...rest], ([i, j, ...p]) => at(x, [j!, i!, ...p]));
}

const sizes: readonly (readonly [m: number, k: number, n: number])[] = [
  [1, 1, 1],
  [2, 3, 4],
  [1, 7, 5],
  [5, 7, 1],
  [1, 9, 1],
  [9, 1, 8],
  [8, 4, 16],
  [13, 17, 11],
  [33, 65, 31],
  [4, 300, 3],
  [0, 3, 2],
  [3, 0, 2],
  [3, 2, 0],
];

/** Registers the tests. */
export function checkMatmul(suite: Suite): void {
  suite.group('matrix products', () => {
    for (const dtype of suite.dtypes) {
      const type = isFloat(dtype) ? dtype : 'int32';
      const tolerance: Tolerance = isFloat(dtype) ? suite.tolerance('matmul', dtype, 8) : exact;
      suite.test('matmul', dtype, () => checkProducts(dtype, type, tolerance));
      suite.test('bmm', dtype, () => checkBatches(dtype, type, tolerance));
      suite.test('dot', dtype, () => checkVectors(dtype, tolerance));
    }
    for (const dtype of suite.floats) suite.test('matmul', dtype, () => checkAlphaBeta(suite, dtype), 'alpha and beta');
  });
}

async function checkProducts(dtype: DType, type: DType, tolerance: Tolerance): Promise<void> {
  for (const [m, k, n] of sizes) {
    const a = sample(dtype, [m, k], { seed: 1 });
    const b = sample(dtype, [k, n], { seed: 2 });
    const expected = productHost(a, b, type);
    for (const s of layouts) {
      for (const t of layouts) {
        const what = `matmul of [${a.shape}] ${s} and [${b.shape}] ${t}`;
        await expectArray(matmul(upload(a, s), upload(b, t)), expected, tolerance, what);
        await expectArray(matmul(upload(turned(a), s).t(), upload(turned(b), t).t()), expected, tolerance, `${what}, transposed`);
      }
    }
  }
  const a = sample(dtype, [4, 3], { seed: 4 });
  const x = sample(dtype, [3], { seed: 5 });
  const y = sample(dtype, [4], { seed: 6 });
  const column = productHost(a, { ...x, shape: [3, 1] }, type);
  await expectArray(matmul(upload(a), upload(x)), { ...column, shape: [4] }, tolerance, 'matmul with a vector');
  const row = productHost({ ...y, shape: [1, 4] }, a, type);
  await expectArray(matmul(upload(y), upload(a)), { ...row, shape: [3] }, tolerance, 'matmul of a vector');
  // An operand that repeats itself (stride 0), and one that is still pending.
  const c = sample(dtype, [1, 3], { seed: 7 });
  const wide = host(dtype, [4, 3], ([, j]) => c.data[j!]!);
  const b = sample(dtype, [3, 5], { seed: 8 });
  await expectArray(matmul(expand(upload(c), [4, 3]), upload(b)), productHost(wide, b, type), tolerance, 'matmul of an expanded operand');
  const both = host(type, [4, 3], p => at(a, p) + at(a, p));
  await expectArray(matmul(upload(a).add(upload(a)), upload(b)), productHost(both, b, type), tolerance, 'matmul of a pending operand');
}

async function checkBatches(dtype: DType, type: DType, tolerance: Tolerance): Promise<void> {
  for (const batch of [[1], [3], [2, 3], [0]]) {
    const a = sample(dtype, [3, 4, ...batch], { seed: 1 });
    const b = sample(dtype, [4, 2, ...batch], { seed: 2 });
    const expected = productHost(a, b, type);
    const swap = [1, 0, ...batch.map((_, d) => d + 2)];
    for (const s of layouts) {
      await expectArray(bmm(upload(a, s), upload(b, s)), expected, tolerance, `bmm of [${a.shape}] and [${b.shape}], ${s}`);
      const [at_, bt] = [permute(upload(turned(a), s), swap), permute(upload(turned(b), s), swap)];
      await expectArray(bmm(at_, bt), expected, tolerance, `bmm of [${a.shape}] and [${b.shape}], ${s}, transposed`);
    }
  }
}

async function checkVectors(dtype: DType, tolerance: Tolerance): Promise<void> {
  const [x, y] = [sample(dtype, [65], { seed: 1 }), sample(dtype, [65], { seed: 2 })];
  const type = isFloat(dtype) ? dtype : 'int32';
  const total = Array.from(x.data).reduce((s, v, i) => s + v * y.data[i]!, 0);
  await expectArray(dot(upload(x), upload(y)), host(type, [], [total]), tolerance, 'dot');
  const z = sample(dtype, [3], { seed: 3 });
  await expectArray(
    outer(upload(x), upload(z)),
    host(type, [65, 3], ([i, j]) => x.data[i!]! * z.data[j!]!),
    tolerance,
    'outer',
  );
  await expectArray(
    axpy(3, upload(x), upload(y)),
    host(type, [65], ([i]) => 3 * x.data[i!]! + y.data[i!]!),
    tolerance,
    'axpy',
  );
}

/** The kernel itself: output = alpha a b + beta output, where beta = 0 must not read the output. */
async function checkAlphaBeta(suite: Suite, dtype: DType): Promise<void> {
  const { backend } = suite.device;
  const tolerance = suite.tolerance('matmul', dtype, 8);
  const [a, b, c] = [sample(dtype, [9, 13], { seed: 1 }), sample(dtype, [13, 6], { seed: 2 }), sample(dtype, [9, 6], { seed: 3 })];
  const product = productHost(a, b, 'float64');
  for (const [alpha, beta] of [
    [1, 0],
    [2, 0],
    [1, 1],
    [-0.5, 0.25],
    [0, 2],
  ] as const) {
    const output = upload(beta === 0 ? host(dtype, [9, 6], () => Number.NaN) : c);
    run(backend, upload(a), upload(b), output, alpha, beta);
    const expected = host(dtype, [9, 6], (_, i) => alpha * product.data[i]! + (beta === 0 ? 0 : beta * c.data[i]!));
    expectElements(await output.data(), expected, tolerance, `matmul with alpha ${alpha}, beta ${beta}`);
  }
}

function run(backend: Backend, a: KnetArray, b: KnetArray, output: KnetArray, alpha: number, beta: number): void {
  const [x, y, z] = [a, b, output].map(deviceView);
  backend.matmul(x!, y!, z!, alpha, beta);
}
