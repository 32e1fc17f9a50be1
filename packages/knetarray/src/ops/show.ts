/** Text of an array, as Julia prints it. */
import type { KnetArray } from '../array.js';
import { contiguous } from '../core/lazy.js';
import { formatArray } from '../print.js';
import { plain } from './read.js';

/** The array as text; where the device cannot block, only its type, shape and device. */
export function show(x: KnetArray): string {
  const a = plain(x, 'toString');
  const { dtype, shape, device } = a;
  if (a.released) return `released KnetArray [${shape.join(', ')}] ${dtype}`;
  if (device.backend.readSync === undefined)
    return `KnetArray [${shape.join(', ')}] ${dtype} on ${device.name} (await a.data() to see the elements)`;
  const source = contiguous(a);
  const data = device.backend.readSync(source.requireBuffer().storage, dtype, source.offset, source.size);
  if (source !== a) source.free();
  return formatArray({ shape, dtype, data });
}
