/** What the tests share. */
import { array, type Backend, type Device, gradcheck, type KnetArray, randn, setDevice, useBackend } from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { expect } from 'vitest';
import { withKernels } from './kernels.js';

/** A backend without its optional kernels, so that the composed defaults run. */
function withoutOptionalKernels(backend: Backend): Backend {
  const hidden = new Set<PropertyKey>(['convolution', 'maxPooling', 'cumsum', 'softmax', 'lstm', 'lstmLayer']);
  return new Proxy(backend, {
    get(target, key) {
      if (hidden.has(key)) return undefined;
      if (key === 'name') return 'required-only';
      const member: unknown = Reflect.get(target, key);
      if (key === 'supports')
        return (kernel: Parameters<Backend['supports']>[0], dtype: Parameters<Backend['supports']>[1]) =>
          !hidden.has(kernel) && target.supports(kernel, dtype);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

/** The cpu device, the same without optional kernels, and with those that it lacks. */
export const devices: readonly [string, () => Device][] = [
  ['with kernels', () => useBackend(cpuBackend())],
  ['with required kernels only', () => useBackend(known)],
  ['with kernels of softmax and lstm', () => useBackend(complete)],
];
const known = withoutOptionalKernels(cpuBackend({ wasm: false, name: 'plain' }));
const complete = withKernels(cpuBackend(), 'complete');

/** Makes the cpu device current. */
export function useCpu(): void {
  setDevice(useBackend(cpuBackend()));
}

/** Elements of an array. */
export const numbers = (x: KnetArray): number[] => Array.from(x.dataSync());

/** A float64 array of normal numbers that is the same in every run. */
export function normal(shape: readonly number[], seed = 7): KnetArray {
  return randn(shape, { dtype: 'float64', seed });
}

/** An array of 1, 2, 3, ... */
export function counting(...shape: number[]): KnetArray {
  const size = shape.reduce((n, m) => n * m, 1);
  return array(
    Float64Array.from({ length: size }, (_, i) => i + 1),
    { shape },
  );
}

/** Expects equal elements, up to a tolerance. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-12): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!];
    if (Object.is(a, e) || a === e) continue;
    if (!(Math.abs(a - e) <= tolerance * Math.max(1, Math.abs(e)))) expect.fail(`element ${i}: ${a}, expected ${e}`);
  }
}

/** Expects first and second derivatives to agree with finite differences. */
// biome-ignore lint/suspicious/noExplicitAny: any function can be checked.
export function expectGradient(f: (...args: any[]) => unknown, args: unknown[], order = 2): void {
  for (let argnum = 0; argnum < args.length; argnum++) {
    const good = gradcheck(f, args, { argnum, order, samples: 5 });
    if (!good) gradcheck(f, args, { argnum, order, samples: 5, verbose: true });
    expect(good, `gradient of argument ${argnum}`).toBe(true);
  }
}
