import type { RunResult } from './contract.js';
import type { Sample } from './sample.js';
import type { Unit, Workload } from './workloads.js';

/** One line of the table for one side: the median over its samples, or why there is none. */
type Cell = { value: number; note: string; samples: number[] } | { missing: string };

/** One line of the table. */
export interface Row {
  label: string;
  unit: Unit;
  cells: Map<string, Cell>;
}

/**
 * The middle value; the mean of the two middle ones when there is an even number.
 *
 * @throws Error when there are none
 */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[sorted.length % 2 === 1 ? middle : middle - 1], sorted[middle]];
  if (low === undefined || high === undefined) throw new Error('median: no values');
  return (low + high) / 2;
}

/** Seconds of the whole workload, scaled when only some of its steps were timed. */
export const wholeTime = (result: RunResult, workload: Workload): number => (result.seconds * workload.steps) / result.steps;

/** The lines of one workload: one of seconds, or one for each figure of a micro-benchmark. */
export function rowsOf(workload: Workload, samples: ReadonlyMap<string, readonly Sample[]>): Row[] {
  const row = (label: string, unit: Unit, valueOf: (result: RunResult) => number | undefined): Row => {
    const cells = new Map<string, Cell>();
    for (const [side, taken] of samples) {
      const results = taken.flatMap(sample => (sample.ok ? [sample.result] : []));
      const failed = taken.find(sample => !sample.ok);
      const values = results.flatMap(result => valueOf(result) ?? []);
      if (values.length === 0) {
        cells.set(side, { missing: failed !== undefined && !failed.ok ? failed.error : 'not there' });
        continue;
      }
      const fewest = Math.min(...results.map(result => result.steps));
      const scaled = fewest < workload.steps ? `scaled from ${fewest} step${fewest === 1 ? '' : 's'}` : '';
      const lost = failed === undefined ? '' : `${taken.length - results.length} of ${taken.length} samples failed`;
      cells.set(side, { value: median(values), note: [scaled, lost].filter(Boolean).join(', '), samples: values });
    }
    return { label, unit, cells };
  };
  if (workload.figures === undefined) return [row(workload.name, 's', result => wholeTime(result, workload))];
  return workload.figures.map(({ name, unit }) => row(`${workload.name} ${name}`, unit, result => result.figures?.[name]));
}

/** The median of every side for every line, by label and name of the side. */
export function medians(rows: readonly Row[]): Record<string, Record<string, number>> {
  const known = (row: Row): [string, number][] => [...row.cells].flatMap(([side, cell]) => ('value' in cell ? [[side, cell.value]] : []));
  return Object.fromEntries(rows.map(row => [row.label, Object.fromEntries(known(row))]));
}

/** Smallest and largest sample of every side that has several, one line for each line of the table. */
export function formatSpread(rows: readonly Row[]): string[] {
  return rows.flatMap(({ label, unit, cells }) => {
    const spreads = [...cells].flatMap(([side, cell]) => {
      if (!('samples' in cell) || cell.samples.length < 2) return [];
      return [`${side} ${digits(Math.min(...cell.samples))} to ${digits(Math.max(...cell.samples))}`];
    });
    return spreads.length === 0 ? [] : [`- ${label}, spread in ${unit}: ${spreads.join(', ')}`];
  });
}

/** Three significant digits, without an exponent. */
export function digits(value: number): string {
  if (value === 0) return '0';
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(decimals, 6));
}

/** How many times faster than `theirs` our figure is; more is better for GFLOP/s, less for the others. */
export const ratio = (unit: Unit, mine: number, theirs: number): number => (unit === 'GFLOP/s' ? mine / theirs : theirs / mine);

/**
 * The table as Markdown: our figure, and for each peer its figure and how many times faster we are. Notes and failures follow it.
 *
 * @param mine - name of our side
 * @param others - names of the peers, in order
 */
export function formatTable(rows: readonly Row[], mine: string, others: readonly string[]): string {
  const notes: string[] = [];
  const text = (row: Row, side: string): string => {
    const cell = row.cells.get(side);
    if (cell === undefined) return 'not there';
    if ('missing' in cell) {
      if (cell.missing !== 'not there') notes.push(`${row.label}, ${side}: ${cell.missing}`);
      return cell.missing === 'not there' ? 'not there' : 'failed';
    }
    if (cell.note !== '') notes.push(`${row.label}, ${side}: ${cell.note}`);
    const own = row.cells.get(mine);
    const times = side !== mine && own !== undefined && 'value' in own ? ` (${digits(ratio(row.unit, own.value, cell.value))}x)` : '';
    return digits(cell.value) + (cell.note.startsWith('scaled') ? '*' : '') + times;
  };
  const sides = [mine, ...others];
  const lines = rows.map(row => [row.label, row.unit, ...sides.map(side => text(row, side))]);
  const head = ['workload', 'unit', ...sides];
  const widths = head.map((title, i) => Math.max(title.length, ...lines.map(line => line[i]!.length)));
  const print = (line: string[]): string =>
    `| ${line.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`;
  const rule = widths.map((width, i) => (i < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [print(head), print(rule), ...lines.map(print), ...(notes.length > 0 ? ['', ...notes.map(note => `- ${note}`)] : [])].join('\n');
}
