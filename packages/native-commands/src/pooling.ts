/** Max pooling and its gradient. */
import type { PoolingGeometry, View } from '@knet/knetarray';
import { type Command, codeOf } from './command.js';
import type { NativeKernels } from './native-kernels.js';

/**
 * The largest real element of each window and, where they are wanted, its position in x; see `Backend.maxPooling`.
 * @throws RangeError for more than 3 spatial dimensions
 */
export function maxPooling(native: NativeKernels, command: Command, g: PoolingGeometry, x: View, y: View, indices: View | undefined): void {
  checkRank(command.name, 'maxPooling', g);
  const where = indices === undefined ? 0 : command.addressOf(indices);
  command.begin().put(codeOf(x.dtype)).address(x).address(y).put(where);
  endWithGeometry(command, g);
  native.maxPooling();
}

/**
 * The gradient of {@link maxPooling} with respect to x; see `Backend.maxPoolingGradient`.
 * @throws RangeError for more than 3 spatial dimensions
 */
export function maxPoolingGradient(native: NativeKernels, command: Command, g: PoolingGeometry, x: View, dy: View, dx: View): void {
  checkRank(command.name, 'maxPoolingGradient', g);
  command.begin().put(codeOf(x.dtype)).address(x).address(dy).address(dx);
  endWithGeometry(command, g);
  native.maxPoolingGradient();
}

function checkRank(name: string, caller: string, { x }: PoolingGeometry): void {
  if (x.length > 3) throw new RangeError(`${caller}: ${x.length} spatial dimensions [${x.join(', ')}]; ${name} has kernels for 1 to 3`);
}

/** Always three dimensions: those that are not there have length 1. */
function endWithGeometry(command: Command, g: PoolingGeometry): void {
  const rank = g.x.length;
  command.put(g.planes);
  for (let d = 0; d < rank; d++) command.put(g.x[d]!).put(g.y[d]!).put(g.window[d]!).put(g.padding[d]!).put(g.stride[d]!);
  for (let d = rank; d < 3; d++) command.put(1).put(1).put(1).put(0).put(1);
  command.end();
}
