import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main as housing } from '../housing/housing.js';
import { main as lenet } from '../lenet/lenet.js';
import { main as mnist } from '../mnist/mnist.js';
import { main as optimizers } from '../optimizers/optimizers.js';
import { epochAccuracy, epochLoss, lines, numbers, program } from './support.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'knet-examples-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('housing', () => {
  it('falls as the manual says, and draws its curve', async () => {
    const file = join(folder, 'housing.svg');
    const printed = await lines(housing, '--plot', file);
    expect(printed[0]).toBe('housing on cpu, seed 1');
    const losses = printed.slice(1, 12).map((row, i) => {
      const [epoch, loss] = numbers(row, epochLoss);
      expect(epoch).toBe(i);
      return loss!;
    });
    expect(Math.abs(losses[1]! - 366)).toBeLessThan(15);
    expect(losses[10]).toBeGreaterThan(29.5);
    expect(losses[10]).toBeLessThan(29.95);
    expect(printed[12]).toBe(`learning curve in ${file}`);
    const svg = await readFile(file, 'utf8');
    expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"[\s\S]*<\/svg>\s*$/);
    for (const words of ['Boston housing', 'mean squared error', 'epoch', 'loss']) expect(svg).toContain(`>${words}</text>`);
  });

  it('comes near the least squares solution', async () => {
    const [, loss] = numbers((await lines(housing, '--epochs', '500')).at(-1), epochLoss);
    expect(Math.abs(loss! - 21.89)).toBeLessThan(0.01);
  });

  it('repeats itself with the same seed only', async () => {
    const run = async (seed: string) => (await lines(housing, '--epochs', '1', '--seed', seed)).slice(1);
    expect(await run('5')).toEqual(await run('5'));
    expect(await run('5')).not.toEqual(await run('6'));
  });
});

describe('classifiers of digits', () => {
  it.each([
    ['softmax regression', mnist, ['--samples', '5000'], 0.8],
    ['a perceptron', mnist, ['--samples', '5000', '--hidden', '32,16', '--batchsize', '20'], 0.8],
    ['LeNet', lenet, ['--samples', '600', '--batchsize', '20'], 0.6],
  ])('%s learns', async (_, main, args, least) => {
    const printed = await lines(main, ...args, '--epochs', '1');
    const rows = printed.filter(row => row.startsWith('epoch '));
    const [before, after] = rows.map(row => numbers(row, epochAccuracy));
    expect(rows).toHaveLength(2);
    expect([before![0], after![0]]).toEqual([0, 1]);
    for (const share of before!.slice(1)) expect(share).toBeLessThan(0.3);
    for (const share of after!.slice(1)) expect(share).toBeGreaterThan(least);
  });

  it('every optimizer learns, from the same weights', async () => {
    const file = join(folder, 'optimizers.svg');
    const args = ['--samples', '200', '--batchsize', '20', '--epochs', '1', '--plot', file];
    const printed = (await lines(optimizers, ...args))
      .slice(1, -1)
      .map(row => /^(\w+) +epoch (\d) trn (\S+) tst (\S+)$/.exec(row)!.slice(1));
    const names = ['Sgd', 'Momentum', 'Nesterov', 'Adagrad', 'Adadelta', 'Rmsprop', 'Adam', 'AdamW'];
    expect(printed.map(([name, epoch]) => `${name} ${epoch}`)).toEqual(names.flatMap(name => [`${name} 0`, `${name} 1`]));
    expect(new Set(printed.filter((_, i) => i % 2 === 0).map(row => row.slice(2).join())).size).toBe(1);
    for (const row of printed.filter((_, i) => i % 2 === 1)) expect(Number(row[2])).toBeGreaterThan(Number(printed[0]![2]) + 0.05);
    const svg = await readFile(file, 'utf8');
    for (const name of names) expect(svg).toContain(`>${name}</text>`);
  });

  it('one optimizer can be chosen', async () => {
    const printed = await lines(optimizers, '--samples', '20', '--batchsize', '20', '--epochs', '0', '--optimizer', 'adam');
    expect(printed[1]).toMatch(/^Adam {5}epoch 0 trn/);
    expect(printed).toHaveLength(2);
  });
});

describe('examples as programs', () => {
  it('explain a mistake in one sentence', async () => {
    const { code, out, err } = await program('housing', '--lr', 'fast');
    expect({ code, out, err }).toEqual({ code: 1, out: '', err: '--lr must be a number above 0, not "fast".\n' });
  });

  it('explain a device that does not exist', async () => {
    const { code, out, err } = await program('housing', '--device', 'abacus');
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^device: there is no device "abacus"; choose one of .*\n$/);
  });

  it('find out at once that a curve cannot be written', async () => {
    const run = lines(housing, '--plot', join(folder, 'none', 'curve.svg'));
    await expect(run).rejects.toThrow(/^--plot .*curve\.svg cannot be written: there is no folder .*none that may be written to\.$/);
  });

  it('explain themselves', async () => {
    for (const main of [housing, mnist, lenet, optimizers]) {
      const printed = await lines(main, '--help');
      expect(printed[2]).toMatch(/^Usage: pnpm example \w+ \[options\]$/);
      expect(printed.join('\n')).toMatch(/--epochs .*\n(.*\n)* {2}--device .*\n {2}--seed .*\n {2}--plot .*\n {2}--help /);
    }
  });
});
