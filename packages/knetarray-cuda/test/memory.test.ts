import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundled, output } from './child.js';

let program: Awaited<ReturnType<typeof bundled>>;
beforeAll(async () => {
  program = await bundled('memory');
});
afterAll(() => program.dispose());

it('finds dropped arrays when memory runs out, says what is missing when there are none, and goes on', async () => {
  const capacity = 2 ** 22;
  const report = JSON.parse(await output(program.path, [], { KNET_CUDA_EMULATION_BYTES: String(capacity) }));
  expect(report.total).toBe(capacity);

  expect(report.dropped.right).toBe(true);
  expect(report.dropped.peak).toBeLessThanOrEqual(capacity);

  // All that fit were handed out before the error, and none is damaged.
  const array = 2 ** 18;
  expect(report.full).toMatchObject({ right: true, live: report.full.arrays * array, pooled: 0 });
  expect(report.full.count).toBeGreaterThanOrEqual(capacity / array - 2);
  const { live } = report.full;
  expect(report.outOfMemory).toBe(
    `Error: cuda: out of memory: asked for ${array} bytes with ${live} live and 0 pooled (cuda: the GPU has ${capacity - live} of ` +
      `${capacity} bytes free and was asked for ${array}). Use smaller batches, or dispose() of arrays.`,
  );

  expect(report.usable).toBe(true);
  expect(report.tooLarge).toBe(
    `RangeError: cuda: an array of ${2 ** 24} float32 elements needs ${2 ** 26} bytes; at most ${capacity} fit in one ` +
      '(maxStorageBytes). Split it.',
  );
});
