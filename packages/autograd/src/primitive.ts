/** Generic functions: methods chosen by argument types, derivative rules beside them, and recording when an argument is a box. */
import { boxEntry, leafType } from './keys.js';
import { describeValue, type Leaf, leafTypeOf, type Value } from './leaf.js';
import { closeScope, openScope, retain } from './ownership.js';
import { activeEntry } from './recording.js';
import type { Recordable } from './repeat-hooks.js';
import { type Box, boxValue, Entry, isBox, type Pullback, type Tape } from './tape.js';

/**
 * The entry of a box, undefined for everything else. The modules that ask for most entries do so in functions of their own: V8 remembers by
 * function which classes a property was read from, and where a common function has seen many it looks the property up each time.
 */
function entryIn(x: unknown): Entry | undefined {
  return typeof x === 'object' && x !== null ? (x as Partial<Box>)[boxEntry] : undefined;
}

/** A type to dispatch on: a class, or `Number`, `String`, `Boolean` for primitive values. */
// biome-ignore lint/suspicious/noExplicitAny: the parameters of a class are of no interest, and only `any` accepts them all.
export type DispatchType = abstract new (...args: any[]) => unknown;

/** What a derivative rule is given while a call is recorded; see {@link Rule}. */
export interface RuleContext<Args extends readonly unknown[] = readonly unknown[], Y = unknown> {
  /** The arguments of the call, unboxed by one level. An argument that the rule reads is kept alive. */
  readonly args: Args;
  /** The result of the call, unboxed by one level. Kept alive when the rule reads it. */
  readonly y: Y;
  /** The last argument when it is a plain options object, else an empty object. */
  readonly options: Readonly<Record<string, unknown>>;
  /** One of {@link args}; quicker than `args[i]`, for rules that run thousands of times a second. */
  arg<I extends keyof Args & number>(i: I): Args[I];
  /** Position of the argument that the rule differentiates by. */
  readonly index: number;
  /** What an argument looks like (for an array its shape), read without keeping the argument alive. */
  describe(arg: number): unknown;
}

/**
 * A derivative rule, staged: the outer function runs when the call is recorded and reads what it needs; the function it
 * returns maps the gradient of the result to the gradient of the argument. Only what the outer function read stays alive.
 * Written with generic functions, a rule serves numbers, arrays and higher derivatives alike.
 *
 * @example
 * const rule: Rule = ({ y }) => dy => mul(dy, mul(y, sub(1, y))); // of the logistic function
 */
export type Rule<Args extends readonly unknown[] = readonly unknown[], Y = unknown> = (context: RuleContext<Args, Y>) => (dy: Y) => unknown;

// biome-ignore lint/suspicious/noExplicitAny: any function can be generic; its own type is kept in Primitive<F>.
type AnyFunction = (...args: any[]) => unknown;

/** Methods and rules of a generic function, given where it is made. */
export interface Definition<F extends AnyFunction> {
  /** Implementation for arguments that are all numbers. */
  number?: (...args: number[]) => number;
  /** Methods `[types, implementation]`, tried in order. */
  methods?: readonly (readonly [types: readonly DispatchType[], implementation: AnyFunction])[];
  /** Rules by argument position. */
  derivatives?: readonly (Rule<Parameters<F>, ReturnType<F>> | undefined)[];
  /** Rule for every argument position that has none of its own. */
  derivative?: Rule<Parameters<F>, ReturnType<F>>;
  /** The function works element by element, with broadcasting: array types run it by name, gradients are summed to shape. */
  elementwise?: boolean;
  /** The derivative is zero everywhere (comparisons, rounding). */
  zeroDerivative?: boolean;
  /**
   * Methods and rules depend on their arguments alone and change nothing, so that a gradient computation that repeats itself need not
   * call them again. Default: true for elementwise functions without methods, else false.
   */
  stateless?: boolean;
}

/** A generic function: callable, and open to further methods and rules. */
export type Primitive<F extends AnyFunction> = F & {
  /** Name in error messages and, for elementwise functions, in programs. */
  readonly primitiveName: string;
  /** Adds a method for arguments of these types; later methods are tried first. */
  method(types: readonly DispatchType[], implementation: F): Primitive<F>;
  /** Adds the derivative rule for an argument position, in general or for particular argument types. */
  derivative(arg: number, rule: Rule<Parameters<F>, ReturnType<F>>): Primitive<F>;
  derivative(arg: number, types: readonly DispatchType[], rule: Rule<Parameters<F>, ReturnType<F>>): Primitive<F>;
};

interface TypedRule {
  arg: number;
  types: readonly DispatchType[] | undefined;
  rule: Rule<never, never>;
}

class GenericFunction implements Recordable {
  stateless: boolean;
  readonly methods: (readonly [readonly DispatchType[], AnyFunction])[];
  readonly rules: TypedRule[] = [];

  constructor(
    readonly name: string,
    readonly definition: Definition<AnyFunction>,
  ) {
    this.methods = [...(definition.methods ?? [])];
    this.stateless = definition.stateless ?? (definition.elementwise === true && this.methods.length === 0);
    definition.derivatives?.forEach((rule, arg) => {
      if (rule !== undefined) this.rules.push({ arg, types: undefined, rule });
    });
  }

  /** Runs the function; records when an argument is a box of a running tape. */
  call(args: unknown[]): unknown {
    let tape: Tape | undefined;
    let boxes = false;
    for (let i = 0; i < args.length; i++) {
      const x = args[i];
      const own = entryIn(x);
      if (own === undefined) continue;
      boxes = true;
      const entry = activeEntry(own);
      if (entry === undefined) continue;
      if (entry.tape.ended) throw new Error(`${this.name}: argument ${i} is a box whose gradient computation has ended. ${keepAdvice}`);
      if (tape === undefined || entry.tape.level > tape.level) tape = entry.tape;
    }
    if (tape !== undefined) {
      const box = tape.repeat?.next(this, args);
      if (box !== undefined) return box;
      const entry = new Entry(tape, 0);
      return boxValue(this.fill(args, tape, entry), entry);
    }
    return this.invoke(boxes ? args.map(x => (isBox(x) ? x[boxEntry].value : x)) : args);
  }

  fill(args: unknown[], tape: Tape, entry: Entry): Value {
    const count = args.length;
    const inner: unknown[] = new Array(count);
    const parents: (Entry | undefined)[] = new Array(count);
    let boxes = false;
    for (let i = 0; i < count; i++) {
      const x = args[i];
      let entry: Entry | undefined;
      const own = entryIn(x);
      if (own !== undefined) entry = activeEntry(own);
      const mine = entry !== undefined && entry.tape === tape;
      parents[i] = mine && entry?.constant === false ? entry : undefined;
      inner[i] = mine && entry !== undefined ? entry.content : x;
      boxes ||= isBox(inner[i]);
    }
    const noted = tape.repeat?.before(this, args, inner, parents);
    const mark = openScope();
    let y: unknown;
    try {
      y = boxes ? this.call(inner) : this.invoke(inner);
      if (leafTypeOf(y) === undefined) {
        throw new TypeError(
          `${this.name}: a generic function must return a number or an array to be differentiated, not ${describeValue(y)}`,
        );
      }
      retain(y);
    } finally {
      closeScope(mark, y);
    }
    const result = y as Value;
    const flows = this.definition.zeroDerivative !== true && parents.some(parent => parent !== undefined);
    entry.content = result;
    if (flows) this.stage(entry, inner, result, parents);
    entry.constant = !flows;
    tape.entries.push(entry);
    if (noted !== undefined) tape.repeat?.after(this, noted, result, entry);
    return result;
  }

  private stage(entry: Entry, args: unknown[], y: Value, parents: (Entry | undefined)[]): void {
    const pullbacks: (Pullback | undefined)[] = new Array(parents.length);
    let captured: unknown[] | undefined;
    for (let i = 0; i < parents.length; i++) {
      if (parents[i] === undefined) {
        pullbacks[i] = undefined;
        continue;
      }
      const context = new Recording(args, y, i);
      const pullback = this.ruleFor(i, args)(context as never);
      pullbacks[i] = this.definition.elementwise ? fitted(pullback, args[i], y) : pullback;
      captured = context.seal(captured);
    }
    entry.parents = parents;
    entry.pullbacks = pullbacks;
    if (captured !== undefined) {
      entry.captured = captured;
      for (const x of captured) retain(x);
    }
  }

  private ruleFor(arg: number, args: readonly unknown[]): Rule<never, never> {
    let general: Rule<never, never> | undefined;
    for (let i = this.rules.length - 1; i >= 0; i--) {
      const r = this.rules[i]!;
      if (r.arg !== arg) continue;
      if (r.types === undefined) general ??= r.rule;
      else if (matches(r.types, args)) return r.rule;
    }
    const rule = general ?? this.definition.derivative;
    if (rule !== undefined) return rule as Rule<never, never>;
    throw new Error(
      `${this.name}: no derivative with respect to argument ${arg} (${describeValue(args[arg])}). ` +
        `Give one with ${this.name}.derivative(${arg}, ({ args, y }) => dy => ...), or pass value(x) where no gradient is wanted.`,
    );
  }

  /** Chooses a method by the types of unboxed arguments. */
  private invoke(args: unknown[]): unknown {
    const { number, elementwise } = this.definition;
    const { methods } = this;
    for (let i = 0; i < methods.length; i++) {
      const [types, implementation] = methods[i]!;
      if (matches(types, args)) return implementation(...args);
    }
    let leaf: Leaf | undefined;
    let numbers = true;
    for (let i = 0; i < args.length; i++) {
      const x = args[i];
      if (typeof x === 'number') continue;
      numbers = false;
      if (leaf === undefined && typeof x === 'object' && x !== null && (x as Partial<Leaf>)[leafType] !== undefined) leaf = x as Leaf;
    }
    if (number !== undefined && numbers) return number(...(args as number[]));
    if (elementwise === true && leaf !== undefined) return leaf[leafType].elementwise(this.name, args);
    throw new TypeError(`${this.name}: no method for (${args.map(describeValue).join(', ')})`);
  }
}

const keepAdvice = 'Use value(x) inside the differentiated function for what has to outlive it.';

/** Watches what a rule reads while a call is recorded. It stands for the array of arguments too: reading an index captures it. */
class Recording implements RuleContext {
  #args: readonly unknown[] | undefined;
  readonly #y: unknown;
  /** Bit i for argument i, bit 31 for the result. */
  #read = 0;

  constructor(
    args: readonly unknown[],
    y: unknown,
    readonly index: number,
  ) {
    this.#args = args;
    this.#y = y;
  }

  get args(): readonly unknown[] {
    return this as unknown as readonly unknown[];
  }

  get y(): unknown {
    this.#open();
    this.#read |= resultBit;
    return this.#y;
  }

  get options(): Readonly<Record<string, unknown>> {
    const last = this.#open().at(-1);
    return isOptions(last) ? last : {};
  }

  describe(arg: number): unknown {
    const x = this.#open()[arg];
    return leafTypeOf(x)?.describe(x as Value);
  }

  get length(): number {
    return this.#open().length;
  }
  get 0(): unknown {
    return this.arg(0);
  }
  get 1(): unknown {
    return this.arg(1);
  }
  get 2(): unknown {
    return this.arg(2);
  }
  get 3(): unknown {
    return this.arg(3);
  }

  *[Symbol.iterator](): Generator<unknown> {
    for (let i = 0; i < this.length; i++) yield this.arg(i);
  }

  /** Closes the context and adds what was read to the list of captured values. */
  seal(captured: unknown[] | undefined): unknown[] | undefined {
    const args = this.#open();
    const read = this.#read;
    this.#args = undefined;
    if (read === 0) return captured;
    const list = captured ?? [];
    for (let i = 0; i < args.length; i++) if ((read & (1 << i)) !== 0 && typeof args[i] === 'object') list.push(args[i]);
    if ((read & resultBit) !== 0) list.push(this.#y);
    return list;
  }

  arg(i: number): unknown {
    this.#read |= 1 << i;
    return this.#open()[i];
  }

  #open(): readonly unknown[] {
    if (this.#args === undefined)
      throw new Error('A derivative rule reads args, y and options in its outer function: ({ y }) => dy => ...');
    return this.#args;
  }
}

const resultBit = 1 << 31;

/** Sums the gradient over what broadcasting repeated, where the argument did not have the look of the result. */
function fitted(pullback: (dy: never) => unknown, arg: unknown, y: Value): Pullback {
  const description = leafTypeOf(arg)?.describe(arg as Value);
  if (description === leafTypeOf(y)?.describe(y)) return pullback;
  return (dy: never) => {
    const g = pullback(dy);
    if (typeof g !== 'object' || g === null) return g;
    return (g as Leaf)[leafType].fit(g as Leaf, description);
  };
}

function isOptions(x: unknown): x is Record<string, unknown> {
  return typeof x === 'object' && x !== null && Object.getPrototypeOf(x) === Object.prototype;
}

function matches(types: readonly DispatchType[], args: readonly unknown[]): boolean {
  if (types.length > args.length) return false;
  for (let i = 0; i < types.length; i++) {
    const type = types[i];
    const x = args[i];
    switch (typeof x) {
      case 'number':
        if (type !== Number) return false;
        break;
      case 'string':
        if (type !== String) return false;
        break;
      case 'boolean':
        if (type !== Boolean) return false;
        break;
      default:
        if (type === undefined || !(x instanceof type)) return false;
    }
  }
  return true;
}

const scalarFunctions = /* @__PURE__ */ new Map<string, (...args: number[]) => number>();

/**
 * The scalar function behind an elementwise function that is in use: what a backend without an implementation of its own applies
 * element by element. Known by name once the function was made, so that a bundle holds only the functions that it uses.
 */
export function scalarFunction(name: string): ((...args: number[]) => number) | undefined {
  return scalarFunctions.get(name);
}

/**
 * Makes a generic function. Called with plain values it runs the method for their types; called with boxes it also records
 * itself on their tape.
 *
 * @param name - shown in errors; for elementwise functions also the name of the operation in programs
 * @param definition - methods and derivative rules known from the start
 * @throws TypeError when called with types that no method takes; Error when differentiated by an argument without a rule
 *
 * @example
 * const cube = primitive<(x: number) => number>('cube', { number: x => x ** 3, derivatives: [({ args }) => { const x = args[0]; return dy => mul(dy, mul(3, mul(x, x))); }] });
 * grad(cube)(2); // 12
 */
export function primitive<F extends AnyFunction>(name: string, definition: Definition<F> = {}): Primitive<F> {
  const generic = new GenericFunction(name, definition as Definition<AnyFunction>);
  if (definition.elementwise && definition.number !== undefined) scalarFunctions.set(name, definition.number);
  const f = (...args: unknown[]): unknown => generic.call(args);
  const api = {
    primitiveName: name,
    method(types: readonly DispatchType[], implementation: AnyFunction) {
      generic.methods.unshift([types, implementation]);
      generic.stateless = false;
      return result;
    },
    derivative(arg: number, typesOrRule: readonly DispatchType[] | Rule<never, never>, rule?: Rule<never, never>) {
      generic.stateless = false;
      if (typeof typesOrRule === 'function') generic.rules.push({ arg, types: undefined, rule: typesOrRule });
      else if (rule !== undefined) generic.rules.push({ arg, types: typesOrRule, rule });
      return result;
    },
  };
  // Dispatch is dynamic: the declared type F is what methods and callers agree on, not something the compiler can derive.
  const result = Object.assign(f, api) as unknown as Primitive<F>;
  Object.defineProperty(result, 'name', { value: name });
  return result;
}

/**
 * Makes a generic function whose derivative is zero: it can be called on boxes, and no gradient flows through it.
 *
 * @example
 * const floor = nondifferentiable(primitive('floor', { number: Math.floor }));
 */
export function nondifferentiable<F extends AnyFunction>(f: F): Primitive<F> {
  return primitive<F>(f.name, { methods: [[[], f]], zeroDerivative: true } as Definition<F>);
}
