/** Max pooling and its gradient. */
import type { PoolingGeometry, View } from '@knet/knetarray';
import { addressOf, type Command, codeOf } from '../command.js';
import type { Native } from '../native.js';

/**
 * The largest real element of each window and, where they are wanted, its position in x; see `Backend.maxPooling`.
 * @throws RangeError for more than 3 spatial dimensions
 */
export function maxPooling(native: Native, command: Command, g: PoolingGeometry, x: View, y: View, indices: View | undefined): void {
  checkRank('maxPooling', g);
  const where = indices === undefined ? 0 : addressOf(indices);
  command.begin().put(codeOf(x.dtype)).put(addressOf(x)).put(addressOf(y)).put(where);
  putGeometry(command, g);
  native.maxPooling();
}

/**
 * The gradient of {@link maxPooling} with respect to x; see `Backend.maxPoolingGradient`.
 * @throws RangeError for more than 3 spatial dimensions
 */
export function maxPoolingGradient(native: Native, command: Command, g: PoolingGeometry, x: View, dy: View, dx: View): void {
  checkRank('maxPoolingGradient', g);
  command.begin().put(codeOf(x.dtype)).put(addressOf(x)).put(addressOf(dy)).put(addressOf(dx));
  putGeometry(command, g);
  native.maxPoolingGradient();
}

function checkRank(caller: string, { x }: PoolingGeometry): void {
  if (x.length > 3) throw new RangeError(`${caller}: ${x.length} spatial dimensions [${x.join(', ')}]; cuda has kernels for 1 to 3`);
}

/** Always three dimensions: those that are not there have length 1. */
function putGeometry(command: Command, g: PoolingGeometry): void {
  const rank = g.x.length;
  command.put(g.planes);
  for (let d = 0; d < rank; d++) command.put(g.x[d]!).put(g.y[d]!).put(g.window[d]!).put(g.padding[d]!).put(g.stride[d]!);
  for (let d = rank; d < 3; d++) command.put(1).put(1).put(1).put(0).put(1);
}
