/** The elementwise functions of the library by the names of their operations, and the oracle of any elementwise call. */

import type { DType, KnetArray, OpName } from '@knet/knetarray';
import * as knet from '@knet/knetarray';
import { at, type HostArray, host } from '../host.js';

type Elementwise = (...args: (KnetArray | number)[]) => KnetArray;

/** The public function that runs an operation. */
export function functionOf(op: OpName): Elementwise {
  if (op === 'copy') return x => knet.copy(asArray(x!));
  // The names of operations are the names of exported functions, which the tests check; TypeScript cannot see their common type.
  const f = (knet as unknown as Record<string, Elementwise | undefined>)[op];
  if (typeof f !== 'function') throw new Error(`no function is exported for the operation '${op}'`);
  return f;
}

function asArray(x: KnetArray | number): KnetArray {
  if (typeof x === 'number') throw new TypeError('expected an array');
  return x;
}

/** The shape that shapes are broadcast to, aligned at the first dimension. */
function broadcast(...shapes: (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map(s => s.length));
  return Array.from({ length: rank }, (_, d) => {
    const lengths = shapes.map(s => s[d] ?? 1).filter(n => n !== 1);
    return lengths[0] ?? 1;
  });
}

/** What an elementwise function gives, computed element by element. */
export function elementwise(f: (...x: number[]) => number, dtype: DType, ...args: (HostArray | number)[]): HostArray {
  const shape = broadcast(...args.map(x => (typeof x === 'number' ? [] : x.shape)));
  return host(dtype, shape, position => f(...args.map(x => (typeof x === 'number' ? x : at(x, position)))));
}
