/** Tests of the suite as a list, for places where the test runner itself does not run: a Web Worker, Deno. */
import type { Runner } from '../src/index.js';

/** One test, with the headings above it in its name. */
export interface Listed {
  readonly name: string;
  readonly body: () => Promise<void>;
}

/** Collects what is registered with a runner. */
export function listTests(register: (runner: Runner) => void): Listed[] {
  const tests: Listed[] = [];
  let headings: string[] = [];
  register({
    describe(name, body) {
      const outside = headings;
      headings = [...headings, name];
      body();
      headings = outside;
    },
    it: (name, body) => tests.push({ name: [...headings, name].join(' > '), body }),
  });
  return tests;
}
