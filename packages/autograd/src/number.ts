/** Numbers as differentiable values, and the box that stands for one while it is being differentiated. */
import { boxEntry, leafType } from './keys.js';
import type { Leaf, LeafType } from './leaf.js';
import { type Box, type Entry, value as valueOf } from './tape.js';

/** A number that is being differentiated. JavaScript's operators would lose the gradient silently, so they throw. */
export class BoxedNumber implements Box, Leaf {
  readonly [boxEntry]: Entry;

  constructor(entry: Entry) {
    this[boxEntry] = entry;
  }

  get [leafType](): LeafType {
    return NumberLeaf;
  }

  /** Always throws: an operator (`+ * - / < >`) or a Math function was applied to a number that is being differentiated. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return `BoxedNumber(${this[boxEntry].value})`;
    throw new TypeError(
      'A JavaScript operator on a number that is being differentiated would lose its gradient. ' +
        'Write mul(x, y) for x * y, add, sub, div, pow, gt(x, y) for x > y; or value(x) where no gradient is wanted.',
    );
  }
}

/** {@link LeafType} of plain numbers. */
export const NumberLeaf: LeafType = {
  name: 'number',
  // A box has to pass for the number it boxes: the one place where the type says number and the object is a box.
  box: (_value, entry) => new BoxedNumber(entry) as unknown as number,
  zero: () => 0,
  seed: () => 1,
  describe: () => undefined,
  fit: gradient => gradient,
  elementwise: name => {
    throw new TypeError(`${name}: no method for numbers`);
  },
  conform: gradient => gradient,
  settle: () => {},
  total: value => value,
  unpack: value => [Number(valueOf(value))],
  unpackAsync: async value => [Number(valueOf(value))],
  pack: elements => elements[0] ?? 0,
  epsilon: () => Number.EPSILON,
  inspect: () => 'number',
};
