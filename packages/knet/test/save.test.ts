import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  Adam,
  AdamW,
  array,
  cosine,
  decodeSafetensors,
  device,
  encodeSafetensors,
  full,
  grad,
  isBox,
  type KnetArray,
  load,
  loadBytes,
  Momentum,
  mul,
  type Optimizer,
  optimizers,
  param,
  save,
  saveBytes,
  sum,
  update,
  value,
} from '../src/index.js';

let folder: string;
/** Bytes after which the disk is full. */
let room = Number.POSITIVE_INFINITY;

vi.mock('node:fs/promises', async importOriginal => {
  const fs = await importOriginal<typeof import('node:fs/promises')>();
  const open = async (...args: Parameters<typeof fs.open>) => {
    const file = await fs.open(...args);
    const write = file.writeFile.bind(file);
    file.writeFile = async (data, ...rest) => {
      if (!(data instanceof Uint8Array) || data.length <= room) return write(data, ...rest);
      await write(data.subarray(0, room));
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    };
    return file;
  };
  return { ...fs, open };
});

beforeEach(async () => {
  await device('cpu');
  room = Number.POSITIVE_INFINITY;
  folder = await mkdtemp(join(tmpdir(), 'knet-save-'));
});
afterEach(() => rm(folder, { recursive: true }));

const values = (x: KnetArray) => [x.dtype, x.shape, [...x.dataSync()]];

describe('saveBytes and loadBytes', () => {
  it('give back every kind of value, and the same bytes again', async () => {
    const shared = array([1.5, Number.NaN, -0]);
    const tree = {
      float64: array(
        [
          [1 / 3, 2],
          [3, 4],
        ],
        { dtype: 'float64' },
      ),
      int32: array([1, -2], { dtype: 'int32' }),
      bool: array([true, false]),
      uint8: array(Uint8Array.of(7, 255)),
      scalar: full([], 3),
      empty: array(new Float32Array(0), { shape: [0, 3] }),
      view: array([
        [1, 2, 3],
        [4, 5, 6],
      ]).slice(1, ':'),
      twice: [shared, shared],
      numbers: [1, 0.1, -0, Number.NaN, Number.NEGATIVE_INFINITY, 5e-324],
      others: ['text', '', true, null, undefined],
      map: new Map<unknown, unknown>([
        ['a', array([9])],
        [3, new Map([['b', 'c']])],
      ]),
      labels: Int32Array.of(3, 1),
      $: 'dollar',
      nested: { $: { 'a.b': array([1]), a: { b: array([2]) } }, __metadata__: array([5]) },
      __metadata__: array([6]),
    };
    const bytes = await saveBytes(tree);
    const back = await loadBytes<typeof tree>(bytes);
    for (const name of ['float64', 'int32', 'bool', 'uint8', 'scalar', 'empty', 'view'] as const) {
      expect(values(back[name])).toEqual(values(tree[name]));
    }
    expect(back.twice[0]).toBe(back.twice[1]);
    expect(values(back.twice[0]!)).toEqual(values(shared));
    expect(back.numbers).toEqual(tree.numbers);
    expect(back.others).toEqual(tree.others);
    expect([...back.map.keys()]).toEqual(['a', 3]);
    expect(back.map.get(3)).toEqual(tree.map.get(3));
    expect(back.labels).toEqual(tree.labels);
    expect(Object.keys(back)).toEqual(Object.keys(tree));
    expect([back.$, values(back.nested.$['a.b'])[2], values(back.nested.$.a.b)[2]]).toEqual(['dollar', [1], [2]]);
    expect(values(back.__metadata__)[2]).toEqual([6]);
    expect(await saveBytes(back)).toEqual(bytes);
  });

  it('names arrays by their path, so that other programs find them', async () => {
    const { tensors } = decodeSafetensors(await saveBytes({ layers: [{ w: array([1]) }, { w: array([2]) }] }));
    expect(tensors.map(t => t.name)).toEqual(['layers.0.w', 'layers.1.w']);
    expect(decodeSafetensors(await saveBytes(array([1]))).tensors[0]?.name).toBe('value');
  });

  it('reads files of other programs as arrays by name', async () => {
    const bytes = encodeSafetensors([{ name: 'a.weight', dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) }]);
    const tree = await loadBytes<Record<string, KnetArray>>(bytes);
    expect(values(tree['a.weight']!)[2]).toEqual([1, 2]);
  });

  it('keeps params params', async () => {
    const tree = { w: param(array([1, 2])), b: param(3) };
    const back = await loadBytes<typeof tree>(await saveBytes(tree));
    expect([isBox(back.w), isBox(back.b), value(back.b)]).toEqual([true, true, 3]);
    expect(values(value(back.w))[2]).toEqual([1, 2]);
  });

  it('takes the elements of the moment of the call', async () => {
    const w = array([1]);
    const bytes = saveBytes({ w });
    update(w, array([1]), { lr: 1 });
    const back = await loadBytes<{ w: KnetArray }>(await bytes);
    expect(values(back.w)[2]).toEqual([1]);
  });

  it('a reloaded model and optimizer go on with the same bits', async () => {
    const model = () => ({
      w: [array([[0.1, -0.2]]), 0.5] as [KnetArray, number],
      m: new Map([['b', array([[1]], { dtype: 'float64' })]]),
    });
    const loss = (p: ReturnType<typeof model>) =>
      sum(mul(p.w[0], p.w[0]))
        .add(mul(p.w[1], p.w[1]))
        .add(sum(p.m.get('b')!).mul(2));
    const gradient = grad(loss);
    const w = model();
    const state = optimizers(w, () => new AdamW({ lr: cosine(0.1, { steps: 50 }), gclip: 1 }));
    for (let i = 0; i < 3; i++) update(w, gradient(w), state);
    const bytes = await saveBytes({ w, state });
    const back = await loadBytes<{ w: typeof w; state: typeof state }>(bytes);
    expect(await saveBytes(back)).toEqual(bytes);
    for (let i = 0; i < 3; i++) {
      update(w, gradient(w), state);
      update(back.w, gradient(back.w), back.state);
    }
    expect(values(back.w.w[0])).toEqual(values(w.w[0]));
    expect(back.w.w[1]).toBe(w.w[1]);
    expect(back.state.w[0]).toBeInstanceOf(AdamW);
  });

  it('takes optimizer classes of the user', async () => {
    class Own extends Momentum {
      override readonly type = 'Own';
    }
    const bytes = await saveBytes(new Own({ lr: 0.25 }));
    await expect(loadBytes(bytes)).rejects.toThrow(/no optimizer class "Own"; known are Sgd/);
    const own = await loadBytes<Optimizer>(bytes, { optimizers: { Own } });
    expect(own).toBeInstanceOf(Own);
    expect(own.lr).toBe(0.25);
  });

  it('says what cannot be stored, with its path', async () => {
    class Net {}
    const cyclic: unknown[] = [];
    cyclic.push({ cyclic });
    await expect(saveBytes({ a: [() => 1] })).rejects.toThrow(/a function at \.a\[0\] cannot be stored/);
    await expect(saveBytes([new Net()])).rejects.toThrow(/an object of class Net at \[0\]/);
    await expect(saveBytes(cyclic)).rejects.toThrow(/contains itself at \[0\]\.cyclic/);
    await expect(saveBytes(new Adam({ lr: step => step }))).rejects.toThrow(/lr is a function/);
  });

  it('says what is damaged', async () => {
    const bytes = (structure: string) => encodeSafetensors([], { knet: structure });
    await expect(loadBytes(bytes('{"$":"array","name":"x"}'))).rejects.toThrow('there is no array named "x"');
    await expect(loadBytes(bytes('{"$":"strange"}'))).rejects.toThrow(/nothing of the kind "strange"/);
    await expect(loadBytes(bytes('{"$":"map","entries":[1]}'))).rejects.toThrow('an entry is no pair');
    await expect(loadBytes(bytes('{'))).rejects.toThrow(/JSON/);
    await expect(loadBytes((await saveBytes([array([1])])).subarray(0, -1))).rejects.toThrow(/decodeSafetensors/);
  });
});

describe('save and load', () => {
  it('write a file, and leave nothing beside it', async () => {
    const file = join(folder, 'model.safetensors');
    await save(file, { w: array([1, 2]) });
    await save(file, { w: array([3, 4]) });
    expect(await readdir(folder)).toEqual(['model.safetensors']);
    expect(new Uint8Array(await readFile(file))).toEqual(await saveBytes({ w: array([3, 4]) }));
    expect(values((await load<{ w: KnetArray }>(file)).w)[2]).toEqual([3, 4]);
  });

  it('write through a link', async () => {
    const file = join(folder, 'real');
    await writeFile(file, 'old');
    await symlink(file, join(folder, 'link'));
    await save(join(folder, 'link'), [1]);
    expect(await load(file)).toEqual([1]);
  });

  it('a full disk leaves the old file and no other', async () => {
    const file = join(folder, 'model');
    await save(file, { w: array([1, 2]) });
    const before = await readFile(file);
    room = 20;
    await expect(save(file, { w: array([3, 4]) })).rejects.toThrow(`save: ${file} cannot be written: ENOSPC: no space left on device`);
    expect(await readdir(folder)).toEqual(['model']);
    expect(await readFile(file)).toEqual(before);
  });

  it('name the file and the reason', async () => {
    await expect(save(join(folder, 'no', 'x'), 1)).rejects.toThrow(/^save: .*\/no\/x cannot be written: ENOENT/);
    await expect(load(join(folder, 'x'))).rejects.toThrow(/^load: .*\/x cannot be read: ENOENT/);
    await writeFile(join(folder, 'x'), 'text that is no safetensors file');
    await expect(load(join(folder, 'x'))).rejects.toThrow(/^load: .*\/x cannot be used: decodeSafetensors: /);
  });
});
