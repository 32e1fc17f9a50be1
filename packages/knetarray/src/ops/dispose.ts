/** Giving memory back by hand. */
import { forEachLeaf, interruptRepeat, value } from '@knet/autograd';
import { DeviceArray } from '../core/device-array.js';

/**
 * Releases every array in a structure at once. Never needed for correctness; using a disposed array is an error. Pending work
 * that reads the elements still gets them.
 *
 * @example
 * dispose([w, state]);
 */
export function dispose(tree: unknown): void {
  interruptRepeat();
  forEachLeaf(tree, leaf => {
    const a = value(leaf);
    if (a instanceof DeviceArray) a.free();
  });
}
