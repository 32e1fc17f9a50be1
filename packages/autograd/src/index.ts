/**
 * Automatic differentiation of plain TypeScript functions: `grad(f)` returns the gradient function of `f`, to any order.
 * Works on numbers by itself; array libraries join in through {@link LeafType}.
 *
 * @packageDocumentation
 */
export { forEachLeaf, formatPath, isContainer, mapLeaves, type Path } from './containers.js';
export * from './functions/arithmetic.js';
export * from './functions/comparison.js';
export type { BinaryFunction, BinaryRule, TernaryFunction, UnaryFunction, UnaryRule } from './functions/elementwise.js';
export * from './functions/exponential.js';
export * from './functions/trigonometric.js';
export { type Gradient, type GradientAndLoss, grad, gradloss } from './grad.js';
export { boxEntry, leafType } from './keys.js';
export { describeValue, isValue, type Leaf, type LeafType, leafTypeOf, type Value } from './leaf.js';
export { BoxedNumber } from './number.js';
export { closeScope, disown, inScope, openScope, type Resource, release, retain, temporaries, track } from './ownership.js';
export { diff, Param, param, type Recorded } from './param.js';
export {
  type Definition,
  type DispatchType,
  nondifferentiable,
  type Primitive,
  primitive,
  type Rule,
  type RuleContext,
  scalarFunction,
} from './primitive.js';
export { interruptRepeat } from './repeat-hooks.js';
export { type Box, boxValue, type Entry, getval, isBox, isRecording, value } from './tape.js';
