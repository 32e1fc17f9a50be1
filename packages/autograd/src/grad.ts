/** `grad` and `gradloss`: gradient functions of plain TypeScript functions. */
import { mapLeaves, replaceInPlace } from './containers.js';
import { accumulate } from './functions/arithmetic.js';
import { boxEntry } from './keys.js';
import { conform, describeValue, keep, leafTypeOf, type Value } from './leaf.js';
import { newRepetition, type Repeat, type Repeated, type Repetition } from './repeat-hooks.js';
import { type Box, type Entry, isBox, Tape } from './tape.js';

// biome-ignore lint/suspicious/noExplicitAny: any function can be differentiated; its own argument types are kept.
type Differentiable = (...args: any[]) => unknown;

/** The gradient function of F with respect to argument N. */
export type Gradient<F extends Differentiable, N extends number = 0> = (...args: Parameters<F>) => Parameters<F>[N];

/** Like {@link Gradient}, returning the value too. */
export type GradientAndLoss<F extends Differentiable, N extends number = 0> = (
  ...args: Parameters<F>
) => [gradient: Parameters<F>[N], loss: ReturnType<F>];

/**
 * The gradient function of a scalar-valued function with respect to one of its arguments. It takes the same arguments and
 * returns the structure of that argument - array, tuple, object or Map, nested - with the gradient in place of each number
 * or array; leaves that the function did not use get zeros.
 *
 * @param f - any synchronous function made of generic functions
 * @param argnum - position of the argument to differentiate by
 * @throws Error when the result of `f` is no scalar (with its shape) or a Promise; whatever `f` throws
 *
 * @example
 * const df = grad((x: number) => mul(x, sin(x)));
 * df(1); // sin(1) + cos(1)
 * grad(df)(1); // second derivative
 */
export function grad<F extends Differentiable, const N extends number = 0>(f: F, argnum?: N): Gradient<F, N> {
  const run = differentiate(f, argnum ?? 0, false);
  return (...args) => run(args)[0] as Parameters<F>[N];
}

/**
 * Like {@link grad}, but the gradient function returns `[gradient, value]`.
 *
 * @example
 * const [g, loss] = gradloss((x: number) => mul(x, x))(3); // [6, 9]
 */
export function gradloss<F extends Differentiable, const N extends number = 0>(f: F, argnum?: N): GradientAndLoss<F, N> {
  const run = differentiate(f, argnum ?? 0, true);
  return (...args) => {
    const [gradient, loss] = run(args);
    return [gradient as Parameters<F>[N], loss as ReturnType<F>];
  };
}

function differentiate(f: Differentiable, argnum: number, withLoss: boolean): (args: unknown[]) => [unknown, unknown] {
  let repetition: Repetition | undefined;
  return args => {
    repetition ??= newRepetition();
    const tape = new Tape();
    const leaves: Entry[] = [];
    let repeat: Repeat | undefined;
    let root: Entry | undefined;
    let repeated: Repeated | undefined;
    let loss: unknown;
    let seed: Value | undefined;
    try {
      const boxed = args.slice();
      boxed[argnum] = mapLeaves(args[argnum], leaf => {
        const { entry, box } = tape.leaf(leaf);
        leaves.push(entry);
        entry.index = -leaves.length;
        return box;
      });
      repeat = repetition?.begin(tape, leaves);
      const result: unknown = f(...boxed);
      unboxArguments(args, tape);
      if (isBox(result) && result[boxEntry].tape === tape) root = result[boxEntry];
      repeated = repeat?.finish(root, leaves);
      if (repeated === undefined) seed = seedOf(result, f);
      loss = repeated === undefined ? (root?.content ?? result) : repeated.loss;
      if (withLoss) keep(loss);
      if (repeated === undefined) tape.endForward();
    } catch (error) {
      unboxArguments(args, tape);
      tape.abandon();
      throw error;
    }
    if (repeated === undefined) {
      if (root !== undefined && seed !== undefined) tape.backward(leaves, root, seed, accumulate);
      repeat?.learn(root, leaves, withLoss ? loss : undefined);
    }
    let next = 0;
    const gradient = mapLeaves(args[argnum], leaf => collect(leaves[next++]!, leaf));
    return [gradient, loss];
  };
}

function collect(entry: Entry, leaf: Value): Value | undefined {
  const type = leafTypeOf(leaf);
  if (type === undefined || entry.gradient === undefined) return type?.zero(leaf);
  const gradient = entry.gradient;
  entry.gradient = undefined;
  return conform(gradient, leaf);
}

/** The gradient of a result with respect to itself, which must be one number. */
function seedOf(result: unknown, f: Differentiable): Value {
  const seed = leafTypeOf(result)?.seed(result as Value);
  if (seed !== undefined) return seed;
  const name = f.name === '' ? 'the function' : f.name;
  if (result instanceof Promise) {
    result.catch(() => {});
    throw new TypeError(`grad: ${name} returned a Promise; a differentiated function must be synchronous. Read data before or after it.`);
  }
  throw new TypeError(
    `grad: ${name} must return a scalar (a number or a 0-d array), not ${describeValue(result)}. Reduce it, for example with sum.`,
  );
}

/** As in `primitive.ts`. */
function entryIn(x: unknown): Entry | undefined {
  return typeof x === 'object' && x !== null ? (x as Partial<Box>)[boxEntry] : undefined;
}

/** Boxes that the function left in containers of its arguments (a recurrent state) become plain values there. */
function unboxArguments(args: readonly unknown[], tape: Tape): void {
  const unbox = (item: unknown): unknown => {
    const entry = entryIn(item);
    if (entry === undefined || entry.tape !== tape) return undefined;
    keep(entry.value);
    return entry.value;
  };
  for (const arg of args) replaceInPlace(arg, unbox);
}
