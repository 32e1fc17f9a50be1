import type { Backend } from '@knet/knetarray';

/** What a step asks of a backend while it runs. */
const calls = [
  'map',
  'reduce',
  'matmul',
  'convolution',
  'maxPooling',
  'maxPoolingGradient',
  'softmax',
  'softmaxGradient',
  'lstm',
  'lstmGradient',
  'lstmLayer',
  'lstmLayerGradient',
  'gather',
  'scatterAdd',
  'allocate',
  'release',
] as const;

/**
 * Measures the time inside a backend's calls; what stays of a step is recording, differentiating and deciding what to compute. Returns a
 * function that tells the milliseconds so far. A call that makes another one is counted once.
 */
export function timeInside(backend: Backend): () => number {
  let total = 0;
  let inside = false;
  for (const name of calls) {
    const method: unknown = Reflect.get(backend, name);
    if (typeof method !== 'function') continue;
    // Six parameters, written out: passing on a list of them would take longer than what is measured.
    Reflect.set(backend, name, (a: unknown, b: unknown, c: unknown, d: unknown, e: unknown, f: unknown): unknown => {
      if (inside) return method.call(backend, a, b, c, d, e, f);
      inside = true;
      const begin = performance.now();
      try {
        return method.call(backend, a, b, c, d, e, f);
      } finally {
        total += performance.now() - begin;
        inside = false;
      }
    });
  }
  return () => total;
}
