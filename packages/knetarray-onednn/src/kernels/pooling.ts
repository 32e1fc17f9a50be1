/** Max pooling. */
import type { PoolingGeometry, View } from '@knet/knetarray';
import { addressOf, type Command, codeOf } from '../command.js';
import type { Native } from '../native.js';

/**
 * The largest real element of each window, and its position in x; see `Backend.maxPooling`.
 * @throws RangeError for more than 3 spatial dimensions
 */
export function maxPooling(native: Native, command: Command, g: PoolingGeometry, x: View, y: View, indices: View): void {
  const rank = g.x.length;
  if (rank > 3) throw new RangeError(`maxPooling: ${rank} spatial dimensions [${g.x.join(', ')}]; onednn has kernels for 1 to 3`);
  command.begin().put(codeOf(x.dtype)).put(addressOf(x)).put(addressOf(y)).put(addressOf(indices)).put(g.planes);
  for (let d = 0; d < rank; d++) command.put(g.x[d]!).put(g.y[d]!).put(g.window[d]!).put(g.padding[d]!).put(g.stride[d]!);
  for (let d = rank; d < 3; d++) command.put(1).put(1).put(1).put(0).put(1);
  native.maxPooling();
}
