/** The conformance suite: what every backend has to pass. */
import type { Backend } from '@knet/knetarray';
import { checkElementwise } from './checks/elementwise.js';
import { checkErrors } from './checks/errors.js';
import { checkGradients } from './checks/gradients.js';
import { checkLeaks } from './checks/leaks.js';
import { checkMaking } from './checks/making.js';
import { checkMatmul } from './checks/matmul.js';
import { checkOptionalKernels } from './checks/optional.js';
import { checkReductions } from './checks/reduce.js';
import { checkStructure } from './checks/structure.js';
import { checkWrites } from './checks/writes.js';
import { type ConformanceOptions, Suite } from './suite.js';

/**
 * Registers the tests that every backend has to pass. Everything is read with `await`, so a backend that cannot block passes
 * all of it. A backend that cannot be made must throw here: a device that was asked for and is missing is a failure.
 *
 * @param factory - makes the backend, or returns one that is ready
 * @param options - the `describe` and `it` of the test runner, and what is known to differ
 *
 * @example
 * import { describe, it } from 'vitest';
 * conformance(() => cpuBackend(), { describe, it });
 */
export function conformance(factory: () => Backend, options: ConformanceOptions): void {
  const suite = new Suite(factory(), options);
  suite.group(`conformance of ${suite.name}`, () => {
    checkElementwise(suite);
    checkReductions(suite);
    checkMatmul(suite);
    checkOptionalKernels(suite);
    checkStructure(suite);
    checkMaking(suite);
    checkWrites(suite);
    checkErrors(suite);
    checkGradients(suite);
    checkLeaks(suite);
  });
}
