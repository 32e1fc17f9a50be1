/** What a run of the suite found, as data and as a table. */
import { type DType, dtypes } from '@knet/knetarray';

/** Outcome of the tests of one function with one dtype on one backend. */
export interface SupportEntry {
  readonly function: string;
  /** The element type, or `any` for tests that do not depend on it. */
  readonly dtype: DType | 'any';
  readonly backend: string;
  readonly status: 'pass' | 'fail' | 'excluded';
  /** Why it is excluded, or the message of the failure. */
  readonly reason: string | undefined;
}

/** Collects outcomes: pass it as `report` to `conformance`, and print `markdown()` after the run. */
export class SupportReport {
  readonly #entries = new Map<string, SupportEntry>();

  pass(name: string, dtype: DType | undefined, backend: string): void {
    const key = keyOf(name, dtype, backend);
    // One failure outweighs any number of passed tests of the same function.
    if (this.#entries.get(key)?.status !== 'fail') this.#set(key, name, dtype, backend, 'pass', undefined);
  }

  fail(name: string, dtype: DType | undefined, backend: string, reason: string): void {
    this.#set(keyOf(name, dtype, backend), name, dtype, backend, 'fail', reason);
  }

  exclude(name: string, dtype: DType | undefined, backend: string, reason: string): void {
    if (reason.trim() === '') throw new Error(`support: the exclusion of ${name} on ${backend} needs a reason`);
    this.#set(keyOf(name, dtype, backend), name, dtype, backend, 'excluded', reason);
  }

  /** All outcomes, sorted by function, backend and dtype. */
  entries(): SupportEntry[] {
    const text = (e: SupportEntry): string => `${e.function}\u0000${e.backend}\u0000${e.dtype}`;
    return [...this.#entries.values()].sort((a, b) => (text(a) < text(b) ? -1 : 1));
  }

  /** Adds the outcomes of another run, made elsewhere: `report.add(JSON.parse(text))`. */
  add(entries: readonly SupportEntry[]): void {
    for (const e of entries) this.#entries.set(keyOf(e.function, e.dtype === 'any' ? undefined : e.dtype, e.backend), e);
  }

  /** The support table: a row per function, a column per backend, in each cell the dtypes that pass; exclusions below, with reasons. */
  markdown(): string {
    const entries = this.entries();
    const backends = [...new Set(entries.map(e => e.backend))];
    const functions = [...new Set(entries.map(e => e.function))].filter(name => name !== 'all');
    const cell = (name: string, backend: string): string => {
      const mine = entries.filter(e => e.function === name && e.backend === backend);
      const passed = [...dtypes, 'any' as const].filter(d => mine.some(e => e.dtype === d && e.status === 'pass'));
      const failed = mine.filter(e => e.status === 'fail').map(e => `**${e.dtype} fails**`);
      return [...passed.map(d => (d === 'any' ? 'yes' : d)), ...failed].join(', ') || '-';
    };
    const rows = functions.map(name => `| \`${name}\` | ${backends.map(b => cell(name, b)).join(' | ')} |`);
    const excluded = entries.filter(e => e.status === 'excluded');
    const notes = excluded.map(
      e =>
        `- ${e.backend}: ${e.function === 'all' ? 'everything' : `\`${e.function}\``}${e.dtype === 'any' ? '' : ` with ${e.dtype}`}: ${e.reason}`,
    );
    return [
      '# What each backend supports',
      '',
      'Generated from a run of the conformance suite; a dtype is listed where every test of the function passed. A dash: nothing of its own to test there; the array layer composes it from other kernels.',
      '',
      `| function | ${backends.join(' | ')} |`,
      `|---|${backends.map(() => '---').join('|')}|`,
      ...rows,
      '',
      ...(notes.length > 0 ? ['## Not supported', '', ...notes, ''] : []),
    ].join('\n');
  }

  #set(
    key: string,
    name: string,
    dtype: DType | undefined,
    backend: string,
    status: SupportEntry['status'],
    reason: string | undefined,
  ): void {
    this.#entries.set(key, { function: name, dtype: dtype ?? 'any', backend, status, reason });
  }
}

function keyOf(name: string, dtype: DType | undefined, backend: string): string {
  return `${name}\u0000${dtype ?? 'any'}\u0000${backend}`;
}
