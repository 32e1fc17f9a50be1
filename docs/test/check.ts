/** Comparing a result with the text that a document promises. */
import { inspect } from 'node:util';

/**
 * Runs a statement of a document and compares.
 *
 * Spaces and line breaks count as one space. Text that begins with `about` compares numbers: each may differ by one unit of the
 * last digit shown.
 */
export async function check(kind: 'is' | 'throws', line: number, run: () => Promise<unknown[]>, text: string): Promise<void> {
  if (kind === 'throws') {
    const message = await run().then(
      () => undefined,
      (error: unknown) => String(error),
    );
    if (message === undefined) throw new Error(`line ${line}: nothing was thrown, expected: ${text}`);
    if (!flat(message).includes(flat(text))) throw new Error(`line ${line}: threw ${message}\nexpected: ${text}`);
    return;
  }
  const values = await run();
  const shown = values.map(x => (typeof x === 'string' && values.length > 1 ? x : inspect(x, { breakLength: Number.POSITIVE_INFINITY })));
  const actual = shown.join(' ');
  const wanted = /^about (.*)$/s.exec(text.trim());
  if (wanted === null ? flat(actual) !== flat(text) : !isNear(actual, wanted[1]!))
    throw new Error(`line ${line}: the result is ${actual}\nexpected: ${text}`);
}

const flat = (text: string): string => text.replace(/\s+/g, ' ').trim();
const number = /-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/g;

function isNear(actual: string, wanted: string): boolean {
  if (flat(actual).replace(number, '#') !== flat(wanted).replace(number, '#')) return false;
  const [have, want] = [actual.match(number) ?? [], wanted.match(number) ?? []];
  return want.length > 0 && want.every((text, i) => Math.abs(Number(have[i]) - Number(text)) <= unit(text));
}

/** One unit of the last digit of a number as it is written. */
function unit(text: string): number {
  const [digits = '', exponent = '0'] = text.split('e');
  return 10 ** (Number(exponent) - (digits.split('.')[1]?.length ?? 0));
}
