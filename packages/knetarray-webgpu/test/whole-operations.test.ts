/** Operations of whole numbers and truth values, and conversions between the types, by the rules of typed arrays. */
import { type DType, type OpName, opNames, scalarFunction, type TypedArray } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import { operationLibrary } from '../src/wgsl/operations.js';
import { testBackend } from './gpu.js';
import { elements, run, single } from './programs.js';

const backend = await testBackend();

const whole = ['neg', 'abs', 'abs2', 'sign', 'floor', 'ceil', 'round', 'trunc', 'isfinite', 'isnan'] as const;
const pairs = ['add', 'sub', 'mul', 'div', 'max', 'min', 'eq', 'ne', 'gt', 'ge', 'lt', 'le'] as const;

const values: Readonly<Record<'int32' | 'uint8' | 'bool', readonly number[]>> = {
  int32: [0, 1, -1, 2, 7, -7, 255, 256, 65537, -65536, 123456789, 2147483647, -2147483647, -2147483648],
  uint8: [0, 1, 2, 3, 7, 16, 100, 127, 128, 200, 254, 255],
  bool: [0, 1],
};

/** What the typed array of a dtype keeps of exact products, sums and quotients. */
function expected(op: OpName, dtype: DType, args: readonly TypedArray[]): TypedArray {
  const f = scalarFunction(op)!;
  const wrapping = op === 'mul' || op === 'abs2';
  return elements(
    dtype,
    Array.from(args[0]!, (a, i) => (wrapping ? Math.imul(a, args[1]?.[i] ?? a) : f(...args.map(x => x[i]!)))),
  );
}

describe('whole numbers', () => {
  for (const dtype of ['int32', 'uint8', 'bool'] as const) {
    const all = values[dtype];
    const a = elements(
      dtype,
      all.flatMap(x => all.map(() => x)),
    );
    const b = elements(
      dtype,
      all.flatMap(() => all),
    );
    it(`${dtype}, one operand`, async () => {
      for (const op of whole) expect(await run(backend, single(dtype, op, 1), [a]), op).toEqual([expected(op, dtype, [a])]);
    });

    it(`${dtype}, two operands`, async () => {
      for (const op of pairs) expect(await run(backend, single(dtype, op, 2), [a, b]), op).toEqual([expected(op, dtype, [a, b])]);
    });

    it(`${dtype}, powers`, async () => {
      const [base, power] = [elements(dtype, dtype === 'int32' ? [2, -3, 7, 0, 0, 1, -1, -1, 5, 2, 10] : [1, 1, 0, 0]), [] as number[]];
      power.push(...(dtype === 'int32' ? [30, 19, 11, 0, -1, -5, -3, -4, -1, 31, 9] : [0, 1, 0, 1]));
      const exponents = elements(dtype, power);
      expect(await run(backend, single(dtype, 'pow', 2), [base, exponents])).toEqual([expected('pow', dtype, [base, exponents])]);
    });

    it(`${dtype}, a choice`, async () => {
      const [chosen] = await run(backend, single(dtype, 'where', 3), [a, b, a]);
      expect(chosen).toEqual(a.map((x, i) => (x !== 0 ? b[i]! : x)));
    });
  }

  it('products of powers wrap as products do', async () => {
    const [cubes] = await run(backend, single('int32', 'pow', 2), [new Int32Array([123457, -99999]), new Int32Array([3, 5])]);
    const times = (x: number, n: number): number => (n === 0 ? 1 : Math.imul(x, times(x, n - 1)));
    expect(cubes).toEqual(new Int32Array([times(123457, 3), times(-99999, 5)]));
  });

  it('functions of fractions are cut off', async () => {
    const x = new Int32Array([0, 1, 4, 9, 100, -4]);
    expect(await run(backend, single('int32', 'sqrt', 1), [x])).toEqual([new Int32Array([0, 1, 2, 3, 10, 0])]);
    // exp(100) is Infinity in float32, which becomes 0.
    expect(await run(backend, single('int32', 'exp', 1), [x])).toEqual([new Int32Array([1, 2, 54, 8103, 0, 0])]);
    const bytes = new Uint8Array([3, 12, 8]);
    expect(await run(backend, single('uint8', 'hypot', 2), [bytes, new Uint8Array([4, 5, 15])])).toEqual([new Uint8Array([5, 13, 17])]);
  });
});

describe('conversions', () => {
  const floats = [0, -0, 0.5, -0.5, 0.99, -0.99, 1, 1.5, -1.5, 127.9, 255, 255.5, 256, -1, 257, -300]
    .concat([2147483520, 2147483648, -2147483648, -2147483904, 4294967296, 4294967040, 6442450944, 1e10, -1e10, 12345678848])
    .concat([2 ** 54, 2 ** 55 + 2 ** 40, -(2 ** 60), 1e20, 3e38, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-40]);
  const source = new Float32Array(floats);

  it('float32 to whole numbers, modulo their width', async () => {
    const copy = (dtype: DType): Promise<TypedArray[]> => run(backend, single(dtype, 'copy', 1), [source], { from: ['float32'] });
    expect(await copy('int32')).toEqual([Int32Array.from(source)]);
    expect(await copy('uint8')).toEqual([Uint8Array.from(source)]);
    expect((await copy('bool')).map(x => Array.from(x))).toEqual([Array.from(source, x => Number(x !== 0))]);
  });

  it('results of a program to whole numbers', async () => {
    const half = single('float32', 'abs2', 1);
    const x = new Float32Array([3, 15.9, 16.1, 70000]);
    expect(await run(backend, half, [x], { to: 'int32' })).toEqual([Int32Array.from(x, y => Math.fround(y * y))]);
    expect(await run(backend, half, [x], { to: 'uint8' })).toEqual([Uint8Array.from(x, y => Math.fround(y * y))]);
  });

  it('whole numbers to float32 and to each other', async () => {
    const x = Int32Array.from([...values.int32, 16777217]);
    const copy = single('float32', 'copy', 1);
    expect(await run(backend, copy, [x], { from: ['int32'] })).toEqual([Float32Array.from(x)]);
    expect(await run(backend, single('uint8', 'copy', 1), [x], { from: ['int32'] })).toEqual([Uint8Array.from(x)]);
    const truths = await run(backend, single('bool', 'copy', 1), [x], { from: ['int32'] });
    expect(truths.map(y => Array.from(y))).toEqual([Array.from(x, y => Number(y !== 0))]);
  });
});

describe('the library of a program', () => {
  const declared = (ops: readonly OpName[]): string[] =>
    [...operationLibrary('float32', ops).matchAll(/fn (\w+)\(/g)].map(([, name]) => name!);

  it('declares what is called, once and first', () => {
    expect(declared(['add', 'mul'])).toEqual(['to_int', 'is_zero']);
    expect(declared(['exp', 'exp', 'neg'])).toContain('exp_of');
    for (const dtype of ['float32', 'int32', 'uint8'] as const) {
      const code = operationLibrary(dtype, opNames);
      const names = [...code.matchAll(/fn (\w+)\(/g)].map(([, name]) => name!);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it('declares nothing that is not called', () => {
    expect(declared(['tanh'])).not.toContain('scale');
    expect(declared(['log'])).not.toContain('exp_of');
  });
});
