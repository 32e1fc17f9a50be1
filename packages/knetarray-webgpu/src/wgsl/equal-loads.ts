/** Elements that all threads of a workgroup need alike. */
import { lines } from './words.js';

/** Code that loads elements. */
export interface EqualLoads {
  /** Once, before the loop: where this thread reads. */
  readonly setup: string;
  /** Loads elements behind the element number `at`. */
  load(at: string): string;
  /** Element e. */
  value(e: number): string;
}

/**
 * Quotient and remainder by a constant of an expression that counts up to three from a constant, without a division: on processors
 * that is as slow as two loads.
 */
function divided(first: number, expression: string, divisor: number): [string, string] {
  if (divisor === 1) return [expression, '0'];
  let quotient = String(Math.floor(first / divisor));
  for (let next = first + 1; next <= first + 3; next++) if (next % divisor === 0) quotient += ` + select(0, 1, ${expression} >= ${next})`;
  return [`(${quotient})`, `(${expression} - (${quotient}) * ${divisor})`];
}

/**
 * Loads of rows times columns elements behind one place that is the same for all threads; element e is in row e / columns. On
 * processors a load takes as long as twenty products, whether threads read the same element or not. With subgroups four neighbours
 * read four elements then, and tell each other.
 *
 * @param offset - WGSL of the place of an element from the i32 expressions of its row and its column
 * @param element - WGSL that reads an element
 */
export function equalLoads(
  prefix: string,
  [rows, columns]: readonly [rows: number, columns: number],
  subgroups: boolean,
  offset: (row: string, column: string) => string,
  element: (index: string) => string,
): EqualLoads {
  const count = rows * columns;
  const loads = Math.ceil(count / 4);
  if (subgroups && count > 1) {
    return {
      setup: lines(loads, k => `let ${prefix}_at${k} = ${offset(...divided(4 * k, `(${4 * k} + quarter)`, columns))};`, '\n  '),
      load: at => lines(loads, k => `let ${prefix}${k} = ${element(`${at} + ${prefix}_at${k}`)};`),
      value: e => `subgroupBroadcast(${prefix}${e >> 2}, ${e & 3}u)`,
    };
  }
  return {
    setup: lines(count, e => `let ${prefix}_at${e} = ${offset(String(Math.floor(e / columns)), String(e % columns))};`, '\n  '),
    load: at => lines(count, e => `let ${prefix}${e} = ${element(`${at} + ${prefix}_at${e}`)};`),
    value: e => `${prefix}${e}`,
  };
}
