/** Random numbers. */
import { type Distribution, sizeOf, type View } from '@knet/knetarray';
import { type Command, codeOf } from './command.js';
import type { NativeKernels } from './native-kernels.js';

/** Fills a contiguous view from the stream of a key; see `Backend.random`. */
export function random(
  native: NativeKernels,
  command: Command,
  distribution: Distribution,
  key: readonly [number, number],
  output: View,
): void {
  command
    .begin()
    .put(codeOf(output.dtype))
    .put(distribution === 'normal' ? 1 : 0)
    .put(key[0] >>> 0)
    .put(key[1] >>> 0)
    .address(output)
    .put(sizeOf(output.shape))
    .end();
  native.random();
}
