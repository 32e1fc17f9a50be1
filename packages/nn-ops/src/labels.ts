/** Class numbers of instances: checked on the host where they are there, computed on the device where they are not. */
import {
  add,
  array,
  astype,
  type DeviceArray,
  div,
  eq,
  formatShape,
  ge,
  KnetArray,
  lt,
  mul,
  normalizeDim,
  type Primitive,
  primitive,
  sum,
  value,
  vec,
  where,
} from '@knet/knetarray';
import { product, table } from './spatial.js';

/** Class numbers from 0, one per instance; -1 leaves an instance out. */
export type Labels = readonly number[] | Int32Array | Float32Array | Float64Array | Uint8Array | KnetArray;

/** Where the scores of an instance are: class c of instance i at `i % before + before * (c + classes * (i div before))`. */
export interface LabelLayout {
  readonly dim: number;
  readonly classes: number;
  readonly before: number;
  readonly instances: number;
  readonly labels: Exclude<Labels, KnetArray> | KnetArray;
}

/**
 * Checks labels against scores whose classes lie along dimension `dims`.
 * @throws RangeError when their number differs, or for a label on the host that is no class
 */
export function labelLayout(scores: KnetArray, labels: Labels, dims: number, caller: string): LabelLayout {
  const dim = normalizeDim(dims, scores.ndim, caller);
  const classes = scores.shape[dim]!;
  const before = product(scores.shape.slice(0, dim));
  const instances = before * product(scores.shape.slice(dim + 1));
  const count = labels instanceof KnetArray ? labels.size : labels.length;
  if (count !== instances) {
    throw new RangeError(
      `${caller}: ${count} labels for ${instances} instances: the scores of shape ${formatShape(scores.shape)} have their classes along dimension ${dim}`,
    );
  }
  if (labels instanceof KnetArray) {
    if (labels.device !== scores.device) {
      throw new Error(
        `${caller}: the scores are on '${scores.device.name}', the labels on '${labels.device.name}'. Move them with labels.to('${scores.device.name}').`,
      );
    }
  } else {
    labels.forEach((label, i) => {
      if (!Number.isInteger(label) || label < -1 || label >= classes) {
        throw new RangeError(`${caller}: label ${label} of instance ${i} is none of the ${classes} classes 0 to ${classes - 1} (-1 skips)`);
      }
    });
  }
  return { dim, classes, before, instances, labels: labels instanceof KnetArray ? value(labels) : labels };
}

/** Labels as an int32 vector on the device of the scores. */
export function labelVector(scores: KnetArray, { labels }: LabelLayout): KnetArray {
  if (labels instanceof KnetArray) return vec(astype(labels, 'int32'));
  return array(Int32Array.from(labels), { device: scores.device });
}

/** How many instances count, when the host knows. */
export function countedLabels({ labels }: LabelLayout): number | undefined {
  if (labels instanceof KnetArray) return undefined;
  let count = 0;
  for (let i = 0; i < labels.length; i++) if (labels[i]! >= 0) count++;
  return count;
}

type FromScores<Options> = Primitive<(scores: KnetArray, options: Options) => KnetArray>;

/**
 * Position in `vec(scores)` of the score of each instance's class, -1 where it is skipped. A generic function of the scores, so
 * that a gradient computation owns the result.
 */
export const labelPositions: FromScores<LabelLayout> = /* @__PURE__ */ primitive('label positions', {
  methods: [
    [
      [KnetArray],
      (scores: DeviceArray, layout: LabelLayout) => {
        const { classes, before, instances, labels } = layout;
        const start = (i: number): number => (i % before) + before * classes * Math.floor(i / before);
        if (!(labels instanceof KnetArray)) {
          const positions = Int32Array.from(labels, (label, i) => (label < 0 ? -1 : start(i) + before * label));
          return array(positions, { device: scores.device });
        }
        const starts = table(scores.device, `label starts ${before} ${classes} ${instances}`, () =>
          Int32Array.from({ length: instances }, (_, i) => start(i)),
        );
        const list = labelVector(scores, layout);
        return where(mul(ge(list, 0), lt(list, classes)), add(starts, mul(list, before)), -1);
      },
    ],
  ],
  zeroDerivative: true,
});

/**
 * What the sum over instances of device labels is multiplied by: 1, or 1 / number of instances that count. NaN when a label is
 * no class, because the host cannot be asked.
 */
export const labelScale: FromScores<LabelLayout & { readonly average: boolean }> = /* @__PURE__ */ primitive('label scale', {
  methods: [
    [
      [KnetArray],
      (scores: DeviceArray, options: LabelLayout & { readonly average: boolean }) => {
        const list = astype(labelVector(scores, options), scores.dtype);
        const count = sum(where(ge(list, options.classes), Number.NaN, ge(list, 0)));
        return options.average ? div(1, count) : add(mul(count, 0), 1);
      },
    ],
  ],
  zeroDerivative: true,
});

/** Number of instances whose class is the given one, int32. */
export function countEqual(predicted: KnetArray, labels: KnetArray): KnetArray {
  return sum(eq(vec(predicted), labels));
}
