import { digits, type Row } from './table.js';

/** Figures of the `overhead` workload that measure one perceptron: its loss alone, its loss recorded, and its gradient. */
export const perceptronFigures = { forward: 'mlp forward', recorded: 'mlp forward recorded', gradient: 'mlp gradient' } as const;

/**
 * What recording and the whole gradient cost each side, relative to the forward pass, one line a side. Empty when the rows
 * hold none of the figures.
 */
export function recordingCosts(rows: readonly Row[]): string[] {
  const cells = (figure: string) => rows.find(row => row.label === `overhead ${figure}`)?.cells;
  const forward = cells(perceptronFigures.forward);
  const recorded = cells(perceptronFigures.recorded);
  const gradient = cells(perceptronFigures.gradient);
  return [...(forward ?? [])].flatMap(([side, plain]) => {
    const [with_, whole] = [recorded?.get(side), gradient?.get(side)];
    if (!('value' in plain) || with_ === undefined || !('value' in with_) || whole === undefined || !('value' in whole)) return [];
    const percent = 100 * (with_.value / plain.value - 1);
    const times = whole.value / plain.value;
    return [
      `- ${side}: recording costs ${percent.toFixed(0)} % of the forward pass; the gradient takes ${digits(times)} times as long as it`,
    ];
  });
}
