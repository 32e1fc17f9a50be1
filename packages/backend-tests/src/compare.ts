/** Comparing what a device computed with what the host expects. */
import { type DType, formatShape, type KnetArray, type TypedArray } from '@knet/knetarray';
import { type HostArray, positionOf } from './host.js';

/** How far a result may be from the exact one. */
export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

/** No difference at all: the same bits, but for the payload of NaN. */
export const exact: Tolerance = { relative: 0, absolute: 0 };

/** Rounding of a few operations in a type. */
export function toleranceOf(dtype: DType, factor = 1): Tolerance {
  if (dtype === 'float64') return { relative: 1e-13 * factor, absolute: 1e-14 * factor };
  if (dtype === 'bfloat16') return { relative: 8e-3 * Math.min(factor, 8), absolute: 8e-3 };
  if (dtype === 'float16') return { relative: 1e-3 * Math.min(factor, 8), absolute: 1e-3 };
  if (dtype === 'float32') return { relative: 2e-6 * factor, absolute: 5e-7 * factor };
  return exact;
}

/** @throws Error that says what differs */
export function assert(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}

/** Reads an array and compares shape, dtype and elements. */
export async function expectArray(actual: KnetArray, expected: HostArray, tolerance: Tolerance, what: string): Promise<void> {
  assert(
    actual.shape.length === expected.shape.length && actual.shape.every((n, d) => n === expected.shape[d]),
    `${what}: shape ${formatShape(actual.shape)}, expected ${formatShape(expected.shape)}`,
  );
  assert(actual.dtype === expected.dtype, `${what}: dtype ${actual.dtype}, expected ${expected.dtype}`);
  expectElements(await actual.data(), expected, tolerance, what);
}

/** Compares elements that were read. */
export function expectElements(actual: TypedArray, expected: HostArray, tolerance: Tolerance, what: string): void {
  assert(actual.length === expected.data.length, `${what}: ${actual.length} elements, expected ${expected.data.length}`);
  for (let i = 0; i < actual.length; i++) {
    if (!near(actual[i]!, expected.data[i]!, tolerance)) {
      const position = positionOf(i, expected.shape);
      throw new Error(`${what}: element [${position.join(', ')}] is ${show(actual[i]!)}, expected ${show(expected.data[i]!)}`);
    }
  }
}

/** Whether a number is close enough to another. NaN is near NaN, infinities and (without tolerance) zeros by sign. */
function near(actual: number, expected: number, { relative, absolute }: Tolerance): boolean {
  if (Number.isNaN(expected) || Number.isNaN(actual)) return Number.isNaN(expected) && Number.isNaN(actual);
  if (relative === 0 && absolute === 0) return Object.is(actual, expected);
  if (!Number.isFinite(expected) || !Number.isFinite(actual)) return actual === expected;
  return Math.abs(actual - expected) <= absolute + relative * Math.abs(expected);
}

/** Runs `f`, which has to throw an error whose message matches. */
export async function expectError(f: () => unknown, pattern: RegExp, what: string): Promise<void> {
  let caught: unknown;
  try {
    await f();
  } catch (error) {
    caught = error;
  }
  assert(caught instanceof Error, `${what}: expected an error like ${pattern}, nothing was thrown`);
  const message = caught instanceof Error ? caught.message : '';
  assert(pattern.test(message), `${what}: expected an error like ${pattern}, got: ${message}`);
}

function show(x: number): string {
  return Object.is(x, -0) ? '-0' : String(x);
}
