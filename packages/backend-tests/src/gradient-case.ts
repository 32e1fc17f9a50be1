/** A function whose derivatives are checked against finite differences. */
import type { KnetArray } from '@knet/knetarray';

/** A function of arrays whose derivatives the suite checks; see {@link gradientCases}. */
export interface GradientCase {
  /** Name of the function under test, as in the support table. */
  readonly name: string;
  /** What is differentiated: any function of arrays with an array (or a container of arrays) as result. */
  readonly run: (...args: KnetArray[]) => unknown;
  /** Shapes of the arguments. */
  readonly shapes: readonly (readonly number[])[];
  /** Range of the elements; default [-2, 2]. Kinks should stay out of it or lie at 0. */
  readonly range?: readonly [low: number, high: number];
  /** Elements of the arguments, where a range does not do. */
  readonly elements?: readonly (readonly number[])[];
  /** Highest order in float64; default 2. */
  readonly order?: number;
  /** Tolerance, where the default (cube root of epsilon) does not do. */
  readonly tolerance?: number;
}
