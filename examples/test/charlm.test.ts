import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from '@knet/datasets';
import { cat, device, embedding, gradcheck, type KnetArray, lstm, nll, save, seed } from '@knet/knet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main as charlm } from '../charlm/charlm.js';
import { generate, initialState, initialWeights, loss, predict, type State, type Weights } from '../charlm/model.js';
import { epochLoss, lines, numbers } from './support.js';

let folder = '';
const path = (name: string) => join(folder, name);
beforeAll(async () => {
  await device('cpu');
  folder = await mkdtemp(join(tmpdir(), 'knet-charlm-'));
  await writeFile(path('poem'), (await text('hiawatha')).slice(0, 3000));
  await writeFile(path('other'), 'abc€');
});
afterAll(() => rm(folder, { recursive: true }));

const small = ['--hidden', '12', '--embed', '6', '--batchsize', '4', '--seqlength', '20'];

describe('the model', () => {
  const steps = [Int32Array.of(0, 3), Int32Array.of(1, 1), Int32Array.of(2, 4), Int32Array.of(4, 0), Int32Array.of(3, 3)];
  const weights = (): Weights => {
    seed(1);
    return initialWeights(5, 3, 4, 1);
  };

  /** The same as it is defined: an embedding for each character, and a product for each step. */
  function defined(w: Weights, state: State): KnetArray {
    const outputs = steps.slice(0, -1).map(ids => {
      [state.hidden, state.cell] = lstm(w.gates, w.gatesBias, state.hidden, state.cell, embedding(w.embedding, ids).t());
      return state.hidden.matmul(w.output).add(w.outputBias);
    });
    return nll(cat(outputs, 0), Int32Array.from(steps.slice(1).flatMap(ids => [...ids])), { dims: 1 });
  }

  it('computes what an embedding, an LSTM and a softmax are', async () => {
    const w = weights();
    const [a, b] = [initialState(w, 2), initialState(w, 2)];
    expect(await loss(w, a, steps).item()).toBeCloseTo(await defined(w, b).item(), 6);
    for (const name of ['hidden', 'cell'] as const) {
      const [x, y] = [await a[name].data(), await b[name].data()];
      x.forEach((v, i) => {
        expect(v).toBeCloseTo(y[i]!, 6);
      });
    }
    expect(gradcheck((v: Weights) => loss(v, initialState(v, 2), steps), [w], { order: 1 })).toBe(true);
  });

  it('remembers what it read before', async () => {
    const w = weights();
    const whole = await predict(w, initialState(w, 2), steps).data();
    const state = initialState(w, 2);
    const halves = [await predict(w, state, steps.slice(0, 3)).toArray(), await predict(w, state, steps.slice(3)).toArray()];
    const rows = halves.flat() as number[][];
    rows.forEach((row, i) => {
      row.forEach((score, j) => {
        expect(score).toBeCloseTo(whole[j * rows.length + i]!, 6);
      });
    });
  });

  const vocabulary = new Map([...'abcde'].map((c, i) => [c, i]));

  /** Without any weights the biases alone decide: probabilities of 1/2, 1/4, 1/8, 1/16, 1/16. */
  function biased(): Weights {
    const w = weights();
    for (const zero of [w.output, w.gates]) zero.set([':', ':'], 0);
    [16, 8, 4, 2, 2].forEach((x, i) => {
      w.outputBias.set([0, i], Math.log(x));
    });
    return w;
  }

  it('draws characters with their probabilities', async () => {
    const w = biased();
    seed(3);
    const drawn = await generate(w, vocabulary, { length: 2000 });
    expect(drawn).toHaveLength(2000);
    ['a', 'b', 'c', 'd', 'e'].forEach((c, i) => {
      const share = drawn.split(c).length - 1;
      expect(Math.abs(share / 2000 - [0.5, 0.25, 0.125, 0.0625, 0.0625][i]!)).toBeLessThan(0.04);
    });
  });

  it('draws likelier characters at a low temperature', async () => {
    const share = async (temperature: number) => (await generate(biased(), vocabulary, { length: 400, temperature })).split('a').length - 1;
    seed(3);
    expect(await share(0.05)).toBe(400);
    // Probabilities to the power of 1/2, normalised: 4 / (4 + 2.83 + 2 + 1.41 + 1.41) = 0.34.
    expect(Math.abs((await share(2)) / 400 - 0.34)).toBeLessThan(0.08);
    await expect(share(0)).rejects.toThrow('write: temperature must be above 0, not 0');
  });

  it('goes on from a text', async () => {
    const w = weights();
    // The gates let everything through, so that what was read before the last character matters.
    w.gates.set([':', ':'], w.gates.mul(20));
    w.output.set([':', ':'], w.output.mul(20));
    const after = (start: string) => {
      seed(3);
      return generate(w, vocabulary, { length: 60, start, temperature: 0.5 });
    };
    expect(await after('dab')).toBe(await after('dab'));
    expect(await after('dab')).not.toBe(await after('cab'));
    expect(await after('')).toBe(await after('a'));
    await expect(after('bad!')).rejects.toThrow('The model has never read the character "!": begin with a text without it.');
  });
});

describe('charlm', () => {
  it('starts at ln(characters) with small weights, and learns', async () => {
    const printed = await lines(charlm, '--data', path('poem'), ...small, '--epochs', '3', '--winit', '0.01', '--gclip', '5');
    const losses = printed.slice(1).map(row => numbers(row, epochLoss)[1]!);
    const characters = new Set((await text('hiawatha')).slice(0, 3000)).size;
    expect(losses).toHaveLength(4);
    expect(losses[0]).toBeCloseTo(Math.log(characters), 2);
    expect(losses[3]).toBeLessThan(losses[0]! - 0.5);
  });

  it('gives the same loss, the same text and the same further training after it was saved and loaded', async () => {
    const common = ['--data', path('poem'), '--batchsize', '4', '--seqlength', '20', '--generate', '60'];
    const sizes = ['--hidden', '12', '--embed', '6'];
    const once = await lines(charlm, ...common, ...sizes, '--epochs', '1', '--save', path('model'));
    const again = await lines(charlm, ...common, '--epochs', '0', '--load', path('model'));
    expect(once[2]).toMatch(/^epoch 1 loss/);
    expect(again[1]).toBe(once[2]!.replace('epoch 1', 'epoch 0'));
    expect(again.slice(2)).toEqual(once.slice(3));
    expect([...again.slice(2).join('\n')]).toHaveLength(60);
    const more = await lines(charlm, ...common, '--epochs', '1', '--load', path('model'));
    const twice = await lines(charlm, ...common, ...sizes, '--epochs', '2');
    expect(more[2]!.replace('epoch 1', 'epoch 2')).toBe(twice[3]);
    expect(await lines(charlm, ...common, '--epochs', '0', '--load', path('model'), '--seed', '9')).not.toEqual(again);
  });

  it('names what is wrong with a text or a file', async () => {
    await lines(charlm, '--data', path('poem'), ...small, '--epochs', '1', '--save', path('model'));
    const load = ['--load', path('model'), '--epochs', '0'];
    await expect(lines(charlm, '--data', path('other'), ...load, '--batchsize', '1')).rejects.toThrow(
      /character "€" at position 3 is not among/,
    );
    await expect(lines(charlm, '--data', path('other'), '--batchsize', '1')).rejects.toThrow(
      /^Each part of the text has 4 characters, too few for stretches of 100: choose/,
    );
    await expect(lines(charlm, '--data', path('none'))).rejects.toThrow(/none: cannot be read/);
    await expect(lines(charlm, '--load', path('poem'))).rejects.toThrow(/poem cannot be used/);
    await save(path('strange'), { w: 1 });
    await expect(lines(charlm, '--load', path('strange'))).rejects.toThrow(/strange is not a file that this example saved/);
  });

  it('explains itself', async () => {
    const help = (await lines(charlm, '--help')).join('\n');
    for (const option of [
      'data',
      'epochs',
      'hidden',
      'embed',
      'batchsize',
      'seqlength',
      'lr',
      'gclip',
      'winit',
      'save',
      'load',
      'generate',
    ])
      expect(help).toContain(`  --${option} `);
  });
});
