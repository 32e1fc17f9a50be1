/** Activation functions: elementwise, with numbers and arrays alike, so that they fuse with what comes before and after. */
import {
  abs,
  add,
  clamp,
  div,
  erf,
  exp,
  expm1,
  ge,
  gt,
  KnetArray,
  type Leaf,
  le,
  log1p,
  max,
  min,
  mul,
  neg,
  type Primitive,
  primitive,
  type Rule,
  sub,
  type UnaryFunction,
  type Value,
  where,
} from '@knet/knetarray';

/** An elementwise function with options. */
export interface Activation<Options> {
  (x: number, options?: Options): number;
  <T extends Leaf>(x: T, options?: Options): T;
  (x: Value, options?: Options): Value;
}

type ActivationRule = Rule<[x: Value], Value>;

/** One formula serves numbers and arrays: it is made of generic functions. */
function activation(name: string, formula: (x: Value) => Value, rule: ActivationRule): Primitive<UnaryFunction> {
  return primitive<UnaryFunction>(name, {
    methods: [
      [[KnetArray], formula],
      [[Number], formula],
    ],
    elementwise: true,
    derivatives: [rule],
  });
}

/** Like {@link activation}, for a function of one parameter, which the rule gets too. */
function withParameter<Options>(
  name: string,
  parameter: (options: Options) => number,
  formula: (x: Value, parameter: number) => Value,
  rule: (y: Value, parameter: number) => (dy: Value) => Value,
): Primitive<Activation<Options>> {
  const none = {} as Options; // every option has a default
  const method = (x: Value, options: Options = none): Value => formula(x, parameter(options));
  return primitive<Activation<Options>>(name, {
    methods: [
      [[KnetArray], method],
      [[Number], method],
    ],
    elementwise: true,
    derivatives: [({ y, options }) => rule(y, parameter(options as Options))],
  });
}

/** Logistic function 1 / (1 + exp(-x)). Neither end overflows. */
export const sigm: Primitive<UnaryFunction> = /* @__PURE__ */ activation(
  'sigm',
  x => div(1, add(1, exp(neg(x)))),
  ({ y }) =>
    dy =>
      mul(dy, mul(y, sub(1, y))),
);

/** 1 / x, element by element. The derivative is -y². */
export const invx: Primitive<UnaryFunction> = /* @__PURE__ */ activation(
  'invx',
  x => div(1, x),
  ({ y }) =>
    dy =>
      neg(mul(dy, mul(y, y))),
);

/**
 * Exponential linear unit: x where x > 0, else alpha * (exp(x) - 1). Clevert, Unterthiner, Hochreiter,
 * https://arxiv.org/abs/1511.07289
 */
export const elu: Primitive<Activation<{ alpha?: number }>> = /* @__PURE__ */ withParameter<{ alpha?: number }>(
  'elu',
  ({ alpha = 1 }) => alpha,
  (x, alpha) => where(gt(x, 0), x, mul(alpha, expm1(min(x, 0)))),
  (y, alpha) => dy => where(gt(y, 0), dy, mul(dy, add(y, alpha))),
);

/** Leaky relu: x where x > 0, else slope * x (slope > 0). */
export const leakyRelu: Primitive<Activation<{ slope?: number }>> = /* @__PURE__ */ withParameter<{ slope?: number }>(
  'leakyRelu',
  ({ slope = 0.01 }) => slope,
  (x, slope) => where(gt(x, 0), x, mul(slope, x)),
  (y, slope) => dy => where(gt(y, 0), dy, mul(dy, slope)),
);

const seluAlpha = 1.6732632423543772;
const seluScale = 1.0507009873554805;

/** Scaled elu with the fixed constants of self-normalizing networks: Klambauer et al., https://arxiv.org/abs/1706.02515 */
export const selu: Primitive<UnaryFunction> = /* @__PURE__ */ activation(
  'selu',
  x => where(gt(x, 0), mul(seluScale, x), mul(seluScale * seluAlpha, expm1(min(x, 0)))),
  ({ y }) =>
    dy =>
      mul(dy, where(gt(y, 0), seluScale, add(y, seluScale * seluAlpha))),
);

/** Gaussian error linear unit x * Phi(x), Phi the normal distribution function, exact: Hendrycks, Gimpel, https://arxiv.org/abs/1606.08415 */
export const gelu: Primitive<UnaryFunction> = /* @__PURE__ */ activation(
  'gelu',
  x => mul(x, normalDistribution(x)),
  ({ args }) => {
    const x = args[0];
    return dy => mul(dy, add(normalDistribution(x), mul(x, mul(1 / Math.sqrt(2 * Math.PI), exp(mul(-0.5, mul(x, x)))))));
  },
);

function normalDistribution(x: Value): Value {
  return mul(0.5, add(1, erf(mul(x, Math.SQRT1_2))));
}

/** x * sigm(x), also called swish. Elfwing, Uchibe, Doya, https://arxiv.org/abs/1702.03118 */
export const silu: Primitive<UnaryFunction> = /* @__PURE__ */ activation(
  'silu',
  x => mul(x, logisticOf(x)),
  ({ args }) => {
    const x = args[0];
    return dy => {
      const s = sigm(x);
      return mul(dy, mul(s, add(1, mul(x, sub(1, s)))));
    };
  },
);

/** sigm without a record of its own, for formulas of other functions. */
function logisticOf(x: Value): Value {
  return div(1, add(1, exp(neg(x))));
}

/** x * clamp(x + 3, 0, 6) / 6: Howard et al., https://arxiv.org/abs/1905.02244 */
export const hardswish: Primitive<UnaryFunction> = /* @__PURE__ */ activation(
  'hardswish',
  x => mul(x, div(clamp(add(x, 3), 0, 6), 6)),
  ({ args }) => {
    const x = args[0];
    return dy => mul(dy, where(ge(x, 3), 1, where(le(x, -3), 0, add(mul(x, 1 / 3), 0.5))));
  },
);

/** log(1 + exp(x)) without overflow. */
export const softplus: Primitive<UnaryFunction> = /* @__PURE__ */ activation(
  'softplus',
  x => add(max(x, 0), log1p(exp(neg(abs(x))))),
  ({ args }) => {
    const x = args[0];
    return dy => mul(dy, sigm(x));
  },
);
