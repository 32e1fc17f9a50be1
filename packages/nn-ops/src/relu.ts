/** The rectified linear unit, and how others see through it. */
import {
  boxEntry,
  boxValue,
  DeviceArray,
  gt,
  isBox,
  KnetArray,
  max,
  opNames,
  type Primitive,
  primitive,
  type UnaryFunction,
  type Value,
  where,
} from '@knet/knetarray';

/** Pullbacks that relu made: they tell its results from those of another function with the same elements. */
const pullbacks = /* @__PURE__ */ new WeakSet<object>();

/** max(0, x). The derivative at 0 is 0. */
export const relu: Primitive<UnaryFunction> = /* @__PURE__ */ primitive<UnaryFunction>('relu', {
  stateless: true,
  methods: [
    [[KnetArray], (x: Value) => max(x, 0)],
    [[Number], (x: Value) => max(x, 0)],
  ],
  elementwise: true,
  derivatives: [
    ({ y }) => {
      const pullback = (dy: Value): Value => where(gt(y, 0), dy, 0);
      pullbacks.add(pullback);
      return pullback;
    },
  ],
});

/**
 * The argument of the relu whose result `x` is, as long as that has not been computed: what commutes with relu can be done to the
 * argument instead. Undefined for anything else.
 */
export function beforeRelu(x: KnetArray): KnetArray | undefined {
  const entry = isBox(x) ? x[boxEntry] : undefined;
  const plain = entry === undefined ? x : entry.value;
  if (!(plain instanceof DeviceArray) || plain.pending === undefined) return undefined;
  const { op, inputs, snapshots } = plain.pending;
  const [z, zero] = inputs;
  if (opNames[op] !== 'max' || zero !== 0 || !(z instanceof DeviceArray) || z.released) return undefined;
  // An argument that was written since then is not what relu got.
  if (snapshots[0] !== undefined && snapshots[0].storage !== z.buffer?.storage) return undefined;
  if (entry === undefined) return z;
  const { parents, pullbacks: rules } = entry;
  const [parent, rule] = [parents?.[0], rules?.[0]];
  return parent?.value === z && rule !== undefined && pullbacks.has(rule) ? (boxValue(z, parent) as KnetArray) : undefined;
}
