import { array, type Device, grad, type KnetArray, mul, setDevice, sum, useBackend } from '@knet/knetarray';
import { conv4, deconv4, pool } from '@knet/nn-ops';
import { describe, expect, it } from 'vitest';
import { changed, testBackend } from './gpu.js';

/** Numbers that differ, exact in few bits. */
function ramp(shape: readonly number[], seed: number): KnetArray {
  const size = shape.reduce((n, m) => n * m, 1);
  return array(
    Float32Array.from({ length: size }, (_, i) => Math.round(64 * Math.sin(seed + i * 1.7)) / 64),
    { shape },
  );
}

type Layer = (w: KnetArray, x: KnetArray) => KnetArray;

const layers: Readonly<Record<string, { run: Layer; w: number[]; x: number[] }>> = {
  'a layer of LeNet': { run: (w, x) => pool(conv4(w, x)), w: [5, 5, 3, 9], x: [12, 12, 3, 2] },
  'a layer with padding, in groups': {
    run: (w, x) => pool(conv4(w, x, { padding: 1, stride: [1, 2], group: 2 }), { window: 3, stride: 2, padding: 1 }),
    w: [3, 3, 2, 6],
    x: [9, 10, 4, 2],
  },
  'a transposed convolution': { run: (w, x) => deconv4(w, x, { stride: 2, padding: 1 }), w: [4, 4, 3, 5], x: [5, 4, 5, 2] },
  'a convolution of lines': { run: (w, x) => conv4(w, x, { dilation: 2, mode: 1, alpha: 0.5 }), w: [3, 2, 4], x: [17, 2, 3] },
};

/** The layer on a device, and the derivatives of a weighted sum of it. */
async function results(device: Device, { run, w, x }: { run: Layer; w: number[]; x: number[] }): Promise<number[]> {
  setDevice(device);
  const [a, b] = [ramp(w, 1), ramp(x, 2)];
  const y = run(a, b);
  const loss: (w: KnetArray, x: KnetArray) => KnetArray = (w, x) => sum(mul(run(w, x), ramp(y.shape, 3)));
  const all = [y, grad(loss, 0)(a, b), grad(loss, 1)(a, b)];
  return (await Promise.all(all.map(async result => [...(await result.data())]))).flat();
}

describe.each(['software', 'gpu'] as const)('layers for %s', kernels => {
  it.each(Object.entries(layers))('%s is what it is without kernels of its own', async (_, layer) => {
    const backend = await testBackend({ kernels });
    const none = { convolution: undefined, maxPooling: undefined, maxPoolingGradient: undefined };
    const actual = await results(useBackend(backend, `webgpu ${kernels}`), layer);
    const expected = await results(useBackend(changed(backend, none), `webgpu ${kernels} composed`), layer);
    expect(actual.length).toBe(expected.length);
    actual.forEach((value, i) => {
      expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5 * (1 + Math.abs(expected[i]!)));
    });
    backend.destroy();
  });
});
