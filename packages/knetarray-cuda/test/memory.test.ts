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
  // With the list, and a thousand elements as a size class holds them.
  expect(report.full).toMatchObject({ right: true, live: (report.full.count + 1) * array + 4096, pooled: 0 });
  expect(report.full.count).toBeGreaterThanOrEqual(capacity / array - 3);
  const { live } = report.full;
  expect(report.full.error).toBe(
    `Error: cuda: out of memory: asked for ${array} bytes with ${live} live and 0 pooled (cuda: the GPU has ${capacity - live} of ` +
      `${capacity} bytes free and was asked for ${array}). Use smaller batches, or dispose() of arrays.`,
  );

  // Sorting takes four times as much as the list, and a megabyte was kept for reuse.
  expect(report.scattered).toMatchObject({ right: true, after: 0 });
  expect(report.scattered.before).toBeGreaterThanOrEqual(4 * array);
  expect(report.kernel).toMatch(
    /^Error: cuda: out of memory for a kernel itself: the GPU has \d+ of 4194304 bytes free and was asked for 1048576\. Use smaller batches, or dispose\(\) of arrays\.$/,
  );
  expect(report.usable).toBe(true);
  expect(report.tooLarge).toBe(
    `RangeError: cuda: an array of ${2 ** 24} float32 elements needs ${2 ** 26} bytes; at most ${capacity} fit in one ` +
      '(maxStorageBytes). Split it.',
  );
});
