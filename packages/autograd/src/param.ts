/** The tape form of differentiation: parameters marked once, `diff(() => loss)` to record, `J.grad(w)` to ask. */
import { accumulate } from './functions/arithmetic.js';
import { boxEntry } from './keys.js';
import { conform, describeValue, keep, leafTypeOf, type Value } from './leaf.js';
import { recording } from './recording.js';
import { interruptRepeat } from './repeat-hooks.js';
import { boxValue, Entry, isBox, Tape } from './tape.js';

/** The entry of a parameter while no tape records it. */
class ParamEntry extends Entry {
  override readonly param = true;
}

/** The tape of parameters at rest: nothing is recorded on it. */
function idleTape(): Tape {
  const tape = new Tape();
  tape.endForward();
  return tape;
}

/**
 * Marks a value as a parameter: inside `diff` the use of it is recorded, elsewhere it behaves like the value.
 *
 * @example
 * const w = param(zeros([10, 784]));
 */
export function param<T extends Value>(value: T): T {
  if (leafTypeOf(value) === undefined || isBox(value))
    throw new TypeError(`param: expected a number or an array, not ${describeValue(value)}`);
  return boxValue(value, new ParamEntry(idleTape(), value)) as T;
}

/** Knet's name of {@link param}. */
export const Param: typeof param = param;

/** A recorded computation: its value, and the gradient with respect to any parameter that it used. */
export interface Recorded<T> {
  /** What the function returned. */
  readonly value: T;
  /** Gradient of the value with respect to a parameter; zeros when the parameter was not used. */
  grad<P extends Value>(parameter: P): P;
}

/**
 * Runs `f` and records what it does with parameters.
 *
 * @throws TypeError when `f` returns a Promise; when `grad` is asked of a value that is no scalar, or with respect to something that is no parameter
 *
 * @example
 * const w = param(3);
 * const J = diff(() => mul(w, w));
 * J.value;   // 9
 * J.grad(w); // 6
 */
export function diff<T>(f: () => T): Recorded<T> {
  interruptRepeat();
  const tape = new Tape();
  const leaves = new Map<Entry, Entry>();
  recording.push({ tape, leaves });
  let y: T;
  try {
    y = f();
  } catch (error) {
    tape.abandon();
    throw error;
  } finally {
    recording.pop();
  }
  const entry = isBox(y) ? activeOn(y[boxEntry], leaves) : undefined;
  const root = entry?.tape === tape ? entry : undefined;
  const result = root === undefined ? y : (root.value as T & Value);
  const type = leafTypeOf(result);
  const seed = root === undefined ? undefined : type?.seed(root.value);
  if (result instanceof Promise) {
    tape.abandon();
    throw new TypeError('diff: the function returned a Promise; a differentiated function must be synchronous');
  }
  keep(result);
  tape.endForward();
  if (root !== undefined && seed !== undefined) tape.backward(leaves.values(), root, seed, accumulate);
  return {
    value: result,
    grad<P extends Value>(parameter: P): P {
      const owner = isBox(parameter) ? parameter[boxEntry] : undefined;
      if (owner === undefined || !owner.param) throw new TypeError('grad: ask for the gradient of something made by param(...)');
      if (root !== undefined && seed === undefined)
        throw new TypeError(`grad: the recorded value is no scalar but ${describeValue(result)}`);
      const gradient = leaves.get(owner)?.gradient;
      const parameterType = leafTypeOf(owner.value);
      if (gradient === undefined) return parameterType?.zero(owner.value) as P;
      return conform(gradient, owner.value) as P;
    },
  };
}

function activeOn(entry: Entry, leaves: Map<Entry, Entry>): Entry | undefined {
  return entry.param ? leaves.get(entry) : entry;
}
