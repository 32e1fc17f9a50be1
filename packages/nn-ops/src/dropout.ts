/** Dropout. */
import { type DeviceArray, ge, isBox, isRecording, KnetArray, mul, type Primitive, primitive, rand, similar, where } from '@knet/knetarray';

/** Options of {@link dropout}. */
export interface DropoutOptions {
  /** Seed of the mask; otherwise every call continues the sequence of `seed`. */
  seed?: number;
  /** Whether to drop. Default: only while x is being differentiated. */
  training?: boolean;
}

interface MaskOptions {
  readonly p: number;
  readonly seed: number | undefined;
}

/** 0 with probability p, else 1 / (1 - p). A generic function of x, so that a gradient computation owns the result. */
const dropoutMask: Primitive<(x: KnetArray, options: MaskOptions) => KnetArray> = /* @__PURE__ */ primitive('dropout mask', {
  methods: [
    [
      [KnetArray],
      ({ shape, dtype, device }: DeviceArray, { p, seed }: MaskOptions) => {
        const numbers = rand(shape, seed === undefined ? { dtype, device } : { dtype, device, seed });
        return mul(ge(numbers, p), 1 / (1 - p));
      },
    ],
  ],
  zeroDerivative: true,
});

/** x times a mask that has no gradient. */
const masked: Primitive<(x: KnetArray, mask: KnetArray) => KnetArray> = /* @__PURE__ */ primitive('dropout', {
  methods: [[[KnetArray, KnetArray], (x: KnetArray, mask: KnetArray) => mul(x, mask)]],
  derivatives: [
    ({ args }) => {
      const mask = args[1];
      return dy => masked(dy, mask);
    },
    () => () => undefined,
  ],
});

/**
 * Sets each element to 0 with probability p and divides the others by 1 - p, while x is being differentiated; otherwise x is
 * returned as it is. The gradient uses the same mask.
 *
 * @throws RangeError unless p is in [0, 1]
 *
 * @example
 * const h = dropout(relu(w.matmul(x)), 0.5);
 */
export function dropout(x: KnetArray, p: number, { seed, training = isRecording() && isBox(x) }: DropoutOptions = {}): KnetArray {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`dropout: the probability p must be in [0, 1], not ${p}`);
  if (!training || p === 0) return x;
  if (p === 1) return where<KnetArray>(similar(x), x, 0);
  return masked(x, dropoutMask(x, { p, seed }));
}
