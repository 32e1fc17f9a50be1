/** Kernels of a gradient computation, noted once and run again on other elements. See `repeat.ts` of @knet/autograd for when. */
import { type Repeater, setRepeater } from '@knet/autograd/repeat';
import { DeviceArray } from './device-array.js';
import { isFloat } from './dtype.js';
import { DeviceNotes } from './repeat-notes.js';

const arrayRepeater: Repeater = {
  note(leaves) {
    const first = leaves.find(x => x instanceof DeviceArray);
    if (first === undefined || !isFloat(first.dtype)) return undefined;
    return new DeviceNotes(first.device, first.dtype, leaves);
  },
};

/** Somebody has said whether gradient functions repeat what they did. */
let told = false;

/**
 * Lets gradient functions repeat what they did: once a call has been noted, the next ones that do the same on arrays of the same shapes
 * run its kernels again, without recording. Results are the same bits. `device` of @knet/knet switches it on, unless this was called.
 *
 * @param on - false: every call records anew, as when looking for an error in an operation of one's own
 * @example
 * repeatGradients(false);
 */
export function repeatGradients(on = true): void {
  told = true;
  setRepeater(on ? arrayRepeater : undefined);
}

/** Switches repeating on where nobody has said otherwise. */
export function repeatGradientsByDefault(): void {
  if (!told) setRepeater(arrayRepeater);
}
