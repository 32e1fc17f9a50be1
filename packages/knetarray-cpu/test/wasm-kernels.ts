import { setFlagsFromString } from 'node:v8';
import { type Float32Kernels, loadFloat32Kernels } from '../src/wasm/kernels.js';

// Node 20 has relaxed SIMD behind a flag that can be set before compiling; later versions have it on.
if (!loadFloat32Kernels('relaxed')) setFlagsFromString('--experimental-wasm-relaxed-simd');

function load(build: 'simd' | 'relaxed'): Float32Kernels {
  const kernels = loadFloat32Kernels(build);
  if (!kernels) throw new Error(`the ${build} build does not load on this host`);
  return kernels;
}

/** Both builds by name. */
export const builds: [string, Float32Kernels][] = [
  ['simd', load('simd')],
  ['relaxed', load('relaxed')],
];

/** Pseudo-random numbers in [-1, 1), the same at every run. */
export function randomArray(length: number, seed = 1): Float32Array {
  let state = seed * 2654435761;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}

/** Largest absolute difference, infinite when a NaN is on one side only. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    if (Object.is(a[i], b[i])) continue;
    const d = Math.abs(a[i]! - b[i]!);
    worst = Math.max(worst, Number.isNaN(d) ? Number.POSITIVE_INFINITY : d);
  }
  return worst;
}
