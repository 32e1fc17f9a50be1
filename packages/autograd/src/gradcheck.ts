/** Compares gradients with finite differences: along a random direction, at sampled elements, and again for the gradient itself. */
import { forEachLeaf, formatPath, mapLeaves, type Path } from './containers.js';
import { add, mul } from './functions/arithmetic.js';
import { grad } from './grad.js';
import { leafTypeOf, type Value } from './leaf.js';

/** Options of {@link gradcheck}. */
export interface GradcheckOptions {
  /** Position of the argument to check. Default 0. */
  argnum?: number;
  /** Highest derivative to check. Default 2. */
  order?: number;
  /** Elements checked per array, besides the random direction. Default 10. */
  samples?: number;
  /** Prints every comparison. */
  verbose?: boolean;
  /** Absolute tolerance; default the cube root of the type's epsilon. */
  atol?: number;
  /** Relative tolerance; default the cube root of the type's epsilon. */
  rtol?: number;
  /** Step of the differences; default the cube root of the type's epsilon. */
  delta?: number;
  /** Seed of the random direction. Default 1. */
  seed?: number;
}

// biome-ignore lint/suspicious/noExplicitAny: any function can be checked.
type Checked = (...args: any[]) => unknown;
/** A value whose elements are asked for; the driver answers at once or after awaiting. */
type Steps = Generator<Value, boolean, ArrayLike<number>>;

interface CheckedLeaf {
  readonly value: Value;
  readonly path: Path;
  readonly elements: Float64Array;
}

/**
 * Whether the gradient of `f` agrees with finite differences, up to the given order. A result that is no scalar is summed
 * with fixed random weights. `args` are left as they are: every probe works on a copy.
 *
 * An interval that would cross 0 is cut at 0, where relu and abs have their kink.
 *
 * @throws Error when the device cannot block: use {@link gradcheckAsync}
 *
 * @example
 * gradcheck((x: number) => sin(x), [1]); // true
 */
export function gradcheck(f: Checked, args: readonly unknown[], options: GradcheckOptions = {}): boolean {
  const steps = check(f, args, options);
  let step = steps.next();
  while (!step.done) step = steps.next(typeOf(step.value).unpack(step.value));
  return step.value;
}

/** {@link gradcheck} for devices that cannot block: reads with `await`. */
export async function gradcheckAsync(f: Checked, args: readonly unknown[], options: GradcheckOptions = {}): Promise<boolean> {
  const steps = check(f, args, options);
  let step = steps.next();
  while (!step.done) step = steps.next(await typeOf(step.value).unpackAsync(step.value));
  return step.value;
}

function* check(f: Checked, args: readonly unknown[], options: GradcheckOptions): Steps {
  const { argnum = 0, order = 2, samples = 10, verbose = false, seed = 1 } = options;
  const random = generator(seed);
  const target = args[argnum];
  const leaves: CheckedLeaf[] = [];
  let epsilon = Number.EPSILON;
  const found: [Value, Path][] = [];
  forEachLeaf(target, (value, path) => found.push([value, path]));
  for (const [value, path] of found) {
    leaves.push({ value, path, elements: Float64Array.from(yield value) });
    epsilon = Math.max(epsilon, typeOf(value).epsilon(value));
  }
  const tolerance = Math.cbrt(epsilon);
  const { atol = tolerance, rtol = tolerance, delta = tolerance } = options;
  const scalar = yield* weighted(f, args, random);
  const at = (w: unknown): unknown[] => args.map((arg, i) => (i === argnum ? w : arg));
  const evaluate = (w: unknown): Value => scalar(...at(w));
  const gradient = grad(scalar, argnum)(...at(target));
  const slopes: Float64Array[] = [];
  const gradientLeaves: Value[] = [];
  forEachLeaf(gradient, g => gradientLeaves.push(g));
  for (const g of gradientLeaves) slopes.push(Float64Array.from(yield g));

  const compare = function* (changes: Float64Array[], what: string): Steps {
    // The difference quotient uses the steps as the type rounded them, cut where they would cross 0.
    const [high, low] = [1, -1].map(side => leaves.map((leaf, l) => shift(leaf.elements, changes[l]!, side)));
    const f1 = (yield evaluate(rebuild(target, leaves, high!)))[0]!;
    const f0 = (yield evaluate(rebuild(target, leaves, low!)))[0]!;
    let expected = 0;
    let size = 0;
    for (let l = 0; l < leaves.length; l++) {
      for (let i = 0; i < slopes[l]!.length; i++) {
        const step = rounded(high![l]![i]!, leaves[l]!.value) - rounded(low![l]![i]!, leaves[l]!.value);
        expected += slopes[l]![i]! * step;
        size += step * step;
      }
    }
    const length = Math.sqrt(size);
    if (length === 0) return true;
    const numeric = (f1 - f0) / length;
    const exact = expected / length;
    const good = Math.abs(numeric - exact) <= atol + rtol * Math.max(Math.abs(numeric), Math.abs(exact));
    if (verbose) {
      console.log(`gradcheck ${good ? 'ok' : 'FAILED'} ${what}: gradient ${exact}, difference quotient ${numeric}`);
    }
    return good;
  };

  let good = yield* compare(directions(leaves, delta, random), `order ${3 - order}, random direction`);
  for (let l = 0; l < leaves.length; l++) {
    const { elements, path } = leaves[l]!;
    for (const i of choose(elements.length, samples, random)) {
      const changes = leaves.map(leaf => new Float64Array(leaf.elements.length));
      changes[l]![i] = delta;
      good = (yield* compare(changes, `element ${i} of ${formatPath(path)}`)) && good;
    }
  }
  if (order <= 1 || leaves.every(leaf => leaf.elements.length === 0)) return good;
  const nextOrder = (...inner: unknown[]): unknown => grad(scalar, argnum)(...inner);
  return (yield* check(nextOrder, args, { ...options, order: order - 1, samples: Math.min(samples, 3) })) && good;
}

/** `f` as a scalar function: its result, summed with fixed random weights over everything it returns. */
function* weighted(
  f: Checked,
  args: readonly unknown[],
  random: () => number,
): Generator<Value, (...args: unknown[]) => Value, ArrayLike<number>> {
  const results: Value[] = [];
  forEachLeaf(f(...args), y => results.push(y));
  const weights: Value[] = [];
  for (const y of results) {
    const { length } = yield y;
    weights.push(
      typeOf(y).pack(
        Float64Array.from({ length }, () => 0.5 + random()),
        y,
      ),
    );
  }
  return (...inner) => {
    let sum: Value = 0;
    let next = 0;
    forEachLeaf(f(...inner), y => {
      sum = add(sum, typeOf(y).total(mul(y, weights[next++]!)));
    });
    return sum;
  };
}

function rebuild(tree: unknown, leaves: readonly CheckedLeaf[], elements: readonly Float64Array[]): unknown {
  let next = 0;
  return mapLeaves(tree, leaf => {
    const values = elements[next++]!;
    const known = leaves[next - 1]!;
    return typeOf(leaf).epsilon(leaf) === 0 ? known.value : typeOf(leaf).pack(values, leaf);
  });
}

function shift(x: Float64Array, change: Float64Array, side: number): Float64Array {
  return x.map((xi, i) => {
    const moved = xi + side * change[i]!;
    return xi !== 0 && moved * xi < 0 ? 0 : moved;
  });
}

function rounded(x: number, like: Value): number {
  const epsilon = typeOf(like).epsilon(like);
  return epsilon === 0 ? 0 : epsilon > Number.EPSILON ? Math.fround(x) : x;
}

function directions(leaves: readonly CheckedLeaf[], delta: number, random: () => number): Float64Array[] {
  return leaves.map(leaf => leaf.elements.map(() => delta * (2 * random() - 1)));
}

function choose(size: number, count: number, random: () => number): number[] {
  if (size <= count) return Array.from({ length: size }, (_, i) => i);
  return Array.from({ length: count }, () => Math.floor(random() * size));
}

/** Uniform numbers in [0, 1) from a 32-bit linear congruential generator (Knuth's constants): good enough to pick directions. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function typeOf(x: Value): NonNullable<ReturnType<typeof leafTypeOf>> {
  const type = leafTypeOf(x);
  if (type === undefined) throw new TypeError('gradcheck: expected a number or an array');
  return type;
}
