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
 * Loads of `count` elements behind one place that is the same for all threads. On processors a load takes as long as twenty products,
 * whether threads read the same element or not. With subgroups four neighbours read four elements then, and tell each other.
 *
 * @param offset - WGSL of the place of element `e`, itself an i32 expression
 * @param element - WGSL that reads an element
 */
export function equalLoads(
  prefix: string,
  count: number,
  subgroups: boolean,
  offset: (e: string) => string,
  element: (index: string) => string,
): EqualLoads {
  const loads = Math.ceil(count / 4);
  if (subgroups && count > 1) {
    return {
      setup: lines(loads, k => `let ${prefix}_at${k} = ${offset(`(${4 * k} + quarter)`)};`, '\n  '),
      load: at => lines(loads, k => `let ${prefix}${k} = ${element(`${at} + ${prefix}_at${k}`)};`),
      value: e => `subgroupBroadcast(${prefix}${e >> 2}, ${e & 3}u)`,
    };
  }
  return {
    setup: lines(count, e => `let ${prefix}_at${e} = ${offset(String(e))};`, '\n  '),
    load: at => lines(count, e => `let ${prefix}${e} = ${element(`${at} + ${prefix}_at${e}`)};`),
    value: e => `${prefix}${e}`,
  };
}
