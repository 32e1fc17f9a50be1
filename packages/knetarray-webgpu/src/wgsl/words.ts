/** Parameters by name: what a shader declares and what a dispatch writes come from one list. */
import { paramInt } from '../params.js';

/** Names and values of parameters, in the order of their words. Names depend on the structure of a shader alone. */
export class Words {
  readonly names: string[] = [];
  readonly values: number[] = [];

  /** Adds parameters; `suffix` is that of their names. */
  put(values: Readonly<Record<string, number>>, suffix: number | '' = ''): void {
    for (const name in values) {
      this.names.push(`${name}${suffix}`);
      this.values.push(values[name]!);
    }
  }
}

/** Declares named parameters as i32, the first of them in word `at`. Each is read once: reading one costs as much as an element. */
export function declare(names: readonly string[], at: number): string {
  return names.map((name, i) => `let ${name} = ${paramInt(at + i)};`).join('\n  ');
}

/** The numbers 0 .. n - 1. */
export function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

/** Lines for 0 .. n - 1. */
export function lines(n: number, line: (i: number) => string, separator = '\n    '): string {
  return range(n).map(line).join(separator);
}

/** Splits the variable `rest` into a number below `count`, called `name`, and what is left: one division, which processors do slowly. */
export function take(name: string, count: string): string {
  return `let ${name}_rest = rest / ${count}; let ${name} = rest - ${name}_rest * ${count}; rest = ${name}_rest;`;
}

/**
 * All of some conditions. Not with `&&`, which leaves out what comes after a condition that is false: drivers make branches of it,
 * and some take minutes for shaders with many.
 */
export function both(...conditions: readonly string[]): string {
  const unknown = conditions.filter(condition => condition !== 'true');
  return unknown.length === 0 ? 'true' : unknown.map(condition => (unknown.length > 1 ? `(${condition})` : condition)).join(' & ');
}
