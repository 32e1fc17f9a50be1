import {
  array,
  decodeHalves,
  encodeHalves,
  full,
  matmul,
  ones,
  rand,
  roundToHalf,
  setDevice,
  setImmediateMode,
  span,
  useBackend,
  zeros,
} from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { describe, expect, it } from 'vitest';
import { emulated } from './emulated.js';
import { expectSame } from './strided.js';

const device = useBackend(emulated());
const all = Uint16Array.from({ length: 65536 }, (_, i) => i);

describe.each(['float16', 'bfloat16'] as const)('arrays of %s', dtype => {
  it('hold every number of the type', () => {
    const numbers = decodeHalves(all, dtype);
    const x = array(numbers, { dtype });
    expectSame(x.dataSync(), numbers);
    expectSame(x.astype('float32').dataSync(), numbers);
    expectSame(x.astype('float64').astype(dtype).dataSync(), numbers);
  });

  it('are rounded to the nearest number, ties to even, as on the host', () => {
    // Around every number that is shorter than float32 by 16 bits, and around the middle of the next.
    const rests = [0, 1, 0xfff, 0x1000, 0x1001, 0x2fff, 0x3000, 0x7fff, 0x8000, 0x8001, 0xffff];
    const bits = Uint32Array.from(rests.flatMap(rest => Array.from(all, word => word * 65536 + rest)));
    const numbers = new Float32Array(bits.buffer);
    const expected = decodeHalves(encodeHalves(numbers, dtype), dtype);
    expectSame(array(numbers).astype(dtype).dataSync(), expected);
    // Results of functions, too.
    expectSame(
      array(numbers, { dtype }).neg().dataSync(),
      expected.map(x => -x),
    );
  });

  it('meet numbers that are rounded to their type', () => {
    const rounded = roundToHalf(1.005, dtype);
    expect(rounded).not.toBe(1.005);
    expect([...full([2], 1.005, { dtype }).dataSync()]).toEqual([rounded, rounded]);
    expect([...array([1, 2], { dtype }).mul(1.005).dataSync()]).toEqual([rounded, 2 * rounded]);
    expect([...full([1], 1.005).astype(dtype).astype('float32').dataSync()]).toEqual([rounded]);
  });

  it('round after each function, and sums once', () => {
    // The first whole number n for which n + 1 is none of the type.
    const n = dtype === 'float16' ? 2048 : 256;
    for (const immediate of [false, true]) {
      setImmediateMode(immediate);
      expect(array([n], { dtype }).add(1).add(1).dataSync()[0]).toBe(n);
    }
    setImmediateMode(false);
    expect(array([n, 1, 1], { dtype }).sum().itemSync()).toBe(n + 2);
    expect(matmul(ones([1, n + 2], { dtype }), ones([n + 2, 1], { dtype })).itemSync()).toBe(n + 2);
  });

  it('have one type with whole numbers, and float32 or more with other floats', () => {
    const x = array([1.5, -2], { dtype });
    expect(x.add(array([1, 1], { dtype: 'int32' })).dtype).toBe(dtype);
    for (const other of ['float32', 'float64', dtype === 'float16' ? 'bfloat16' : 'float16'] as const) {
      const y = x.add(array([2 ** -5, 2 ** -6], { dtype: other }));
      expect(y.dtype).toBe(other === 'float64' ? other : 'float32');
      expect([...y.dataSync()]).toEqual([1.5 + 2 ** -5, -2 + 2 ** -6]);
    }
  });

  it('are written in part', () => {
    const x = zeros([5], { dtype });
    x.set([span(1, 4)], array([1, 2, 3], { dtype }));
    x.set([3], 0.1);
    expect([...x.dataSync()]).toEqual([0, 1, 2, roundToHalf(0.1, dtype), 0]);
  });

  it('hold random numbers below 1', () => {
    const x = rand([20_000], { dtype, seed: 1 }).dataSync();
    expect(Math.max(...x)).toBe(dtype === 'float16' ? 1 - 2 ** -11 : 1 - 2 ** -8);
    expect(Math.min(...x)).toBeGreaterThanOrEqual(0);
  });

  it('are none of the cpu, which says so', () => {
    const cpu = useBackend(cpuBackend());
    setDevice(device);
    const sentence = `the device 'cpu' has no ${dtype}; use another dtype or device`;
    expect(() => zeros([2], { dtype, device: cpu })).toThrow(sentence);
    expect(() => array([1], { dtype, device: cpu })).toThrow(sentence);
    expect(() => ones([2], { device: cpu }).astype(dtype)).toThrow(sentence);
  });
});
