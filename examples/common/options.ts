/** Options on the command line: what an example declares, it gets as numbers and strings, checked. */
import { parseArgs } from 'node:util';

/** One option: its value when it is not given, its line in `--help`, and how its text is read. */
export interface Option<T> {
  readonly initial: T;
  readonly help: string;
  /** @throws UsageError when the text is no such value */
  read(text: string, name: string): T;
}

/** The values of declared options. */
export type Values<Declared> = { [Name in keyof Declared]: Declared[Name] extends Option<infer T> ? T : never };

/** A mistake of the person who typed the command: worth a sentence, not a stack trace. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** A whole number of at least `least`. */
export function integer(initial: number, help: string, least = 1): Option<number> {
  return checked(initial, help, `a whole number of at least ${least}`, x => Number.isSafeInteger(x) && x >= least);
}

/** A number above 0. */
export function positive(initial: number, help: string): Option<number> {
  return checked(initial, help, 'a number above 0', x => Number.isFinite(x) && x > 0);
}

/** A number of 0 or more. */
export function notNegative(initial: number, help: string): Option<number> {
  return checked(initial, help, 'a number of 0 or more', x => Number.isFinite(x) && x >= 0);
}

/** Any text. */
export function text(initial: string, help: string): Option<string>;
/** Any text, or undefined when the option is not given. */
export function text(initial: undefined, help: string): Option<string | undefined>;
export function text(initial: string | undefined, help: string): Option<string | undefined> {
  return { initial, help, read: given => given };
}

/** One of a few words, in any case. */
export function choice<const T extends string>(initial: T, choices: readonly T[], help: string): Option<T> {
  return {
    initial,
    help: `${help}: ${choices.join(', ')}`,
    read(given, name) {
      const found = choices.find(one => one.toLowerCase() === given.toLowerCase());
      if (found === undefined) throw new UsageError(`--${name} must be one of ${choices.join(', ')}, not "${given}".`);
      return found;
    },
  };
}

/** Whole numbers of at least 1, separated by commas; none by default. */
export function integers(help: string): Option<readonly number[]> {
  return {
    initial: [],
    help,
    read(given, name) {
      const list = given.split(',').map(Number);
      if (list.every(x => Number.isSafeInteger(x) && x > 0)) return list;
      throw new UsageError(`--${name} must be whole numbers of at least 1, separated by commas, not "${given}".`);
    },
  };
}

function checked(initial: number, help: string, kind: string, good: (x: number) => boolean): Option<number> {
  return {
    initial,
    help,
    read(given, name) {
      const x = given.trim() === '' ? Number.NaN : Number(given);
      if (!good(x)) throw new UsageError(`--${name} must be ${kind}, not "${given}".`);
      return x;
    },
  };
}

/** Options of a command by their names. */
export type Declaration = Readonly<Record<string, Option<unknown>>>;

/** Options that every example has. */
const common = {
  device: text('auto', 'where to compute: auto, cpu, onednn, webgpu or cuda'),
  seed: integer(1, 'start of the random numbers: the same seed gives the same run', 0),
  plot: text(undefined, 'file for the learning curve, such as curve.svg'),
};

/** The values of an example's options and of those that every example has. */
export type AllValues<D> = Values<D> & Values<typeof common>;

/**
 * Reads the arguments of an example.
 *
 * @returns the values, or undefined when `--help` is among them
 * @throws UsageError with one sentence for an option that does not exist, lacks its value or has a wrong one
 */
export function parse<D extends Declaration>(name: string, own: D, args: readonly string[]): AllValues<D> | undefined {
  // parseArgs wants a negative number to be written as in --lr=-1.
  const joined = args.reduce<string[]>((list, arg) => {
    if (/^-\.?\d/.test(arg) && list.at(-1)?.startsWith('--')) list.push(`${list.pop()}=${arg}`);
    else list.push(arg);
    return list;
  }, []);
  const declared = { ...own, ...common };
  const types = Object.fromEntries(Object.keys(declared).map(key => [key, { type: 'string' as const }]));
  let given: Record<string, unknown>;
  try {
    given = parseArgs({ args: joined, options: { ...types, help: { type: 'boolean' } } }).values;
  } catch (error) {
    const sentence = error instanceof Error ? error.message.split(/\. |\n/)[0] : String(error);
    throw new UsageError(`${sentence}. Options of this example: pnpm example ${name} --help`);
  }
  if (given.help === true) return undefined;
  const entries = Object.entries(declared).map(([key, option]) => {
    const value = given[key];
    return [key, typeof value === 'string' ? option.read(value, key) : option.initial];
  });
  // Each value was made by its own option.
  return Object.fromEntries(entries) as AllValues<D>;
}

/** The text of `--help`. */
export function usage(name: string, about: string, own: Declaration): string {
  const rows = Object.entries({ ...own, ...common }).map(([key, { help, initial }]) => {
    const none = initial === undefined || (Array.isArray(initial) && initial.length === 0);
    return [`--${key}`, none ? help : `${help} (default ${initial})`] as const;
  });
  const width = Math.max(...rows.map(([key]) => key.length));
  const lines = [...rows, ['--help', 'this text'] as const].map(([key, help]) => `  ${key.padEnd(width)}  ${help}`);
  return [about, '', `Usage: pnpm example ${name} [options]`, ...lines].join('\n');
}
