import { describe, expect, it } from 'vitest';
import { choice, integer, integers, notNegative, parse, positive, text, UsageError, usage } from '../common/options.js';

const declared = {
  epochs: integer(10, 'passes', 0),
  lr: positive(0.5, 'rate'),
  gclip: notNegative(0, 'limit'),
  hidden: integers('sizes'),
  kind: choice('all', ['all', 'Adam'], 'which'),
  save: text(undefined, 'file'),
};

const read = (...args: string[]) => parse('demo', declared, args);

describe('options', () => {
  it('have their initial values', () => {
    expect(read()).toEqual({
      ...{ epochs: 10, lr: 0.5, gclip: 0, hidden: [], kind: 'all', save: undefined },
      ...{ device: 'auto', seed: 1, plot: undefined },
    });
  });

  it('are read as what they are', () => {
    const given = read('--epochs', '0', '--lr=1e-3', '--gclip', '0', '--hidden', '64,32', '--kind', 'adam', '--save', 'a b', '--seed', '7');
    expect(given).toMatchObject({ epochs: 0, lr: 0.001, gclip: 0, hidden: [64, 32], kind: 'Adam', save: 'a b', seed: 7 });
    expect(read('--epochs', 'nonsense', '--help')).toBeUndefined();
  });

  it.each([
    [['--epochs', '1.5'], '--epochs must be a whole number of at least 0, not "1.5".'],
    [['--epochs', '-1'], '--epochs must be a whole number of at least 0, not "-1".'],
    [['--lr', '0'], '--lr must be a number above 0, not "0".'],
    [['--lr', ''], '--lr must be a number above 0, not "".'],
    [['--gclip', '-.5'], '--gclip must be a number of 0 or more, not "-.5".'],
    [['--hidden', '64,x'], '--hidden must be whole numbers of at least 1, separated by commas, not "64,x".'],
    [['--kind', 'Sgd'], '--kind must be one of all, Adam, not "Sgd".'],
    [['--epoch', '1'], "Unknown option '--epoch'. Options of this example: pnpm example demo --help"],
    [['extra'], "Unexpected argument 'extra'. Options of this example: pnpm example demo --help"],
  ])('%j is a mistake', (args, message) => {
    expect(() => read(...args)).toThrow(new UsageError(message));
  });

  it('that lack their value are a mistake', () => {
    expect(() => read('--save')).toThrow(/^Option '--save <value>' argument missing\. Options of this example: /);
  });

  it('are explained', () => {
    const help = usage('demo', 'What it does.', declared).split('\n');
    expect(help.slice(0, 4)).toEqual(['What it does.', '', 'Usage: pnpm example demo [options]', '  --epochs  passes (default 10)']);
    for (const name of ['--lr', '--hidden', '--save', '--device', '--seed', '--plot', '--help']) {
      expect(help.filter(row => row.startsWith(`  ${name} `))).toHaveLength(1);
    }
  });
});
