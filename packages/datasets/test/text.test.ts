import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { charlmBatches } from '../src/charlm.js';
import { text } from '../src/text.js';

describe('text', () => {
  it('reads the texts of the package', async () => {
    const hiawatha = await text('hiawatha');
    expect([hiawatha.length, new Set(hiawatha).size]).toEqual([214325, 84]);
    const shakespeare = await text('tinyshakespeare');
    expect([shakespeare.length, new Set(shakespeare).size]).toEqual([1115394, 65]);
    expect(shakespeare.slice(0, 14)).toBe('First Citizen:');
  });

  it('reads any UTF-8 file, and no other', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'knet-text-'));
    await writeFile(join(folder, 'good'), 'grüße');
    await writeFile(join(folder, 'bad'), Uint8Array.of(0x61, 0xff));
    expect(await text(join(folder, 'good'))).toBe('grüße');
    await expect(text(join(folder, 'bad'))).rejects.toThrow(/^text: .*bad is not a UTF-8 text/);
    await expect(text(join(folder, 'none'))).rejects.toThrow(/none: cannot be read .*ENOENT/);
    await expect(text(join(folder, 'good'), { directory: folder })).rejects.toThrow(/is not one of hiawatha, tinyshakespeare/);
    await rm(folder, { recursive: true });
  });
});

describe('charlmBatches', () => {
  it('numbers characters by first appearance and cuts the text into streams', () => {
    const { vocabulary, steps } = charlmBatches('hello worlds', { batchsize: 3 });
    expect([...vocabulary]).toEqual([...'helo wrds'].map((character, i) => [character, i]));
    // Streams of 4: "hell", "o wo", "rlds".
    expect(steps).toEqual([Int32Array.of(0, 3, 6), Int32Array.of(1, 4, 2), Int32Array.of(2, 5, 7), Int32Array.of(2, 3, 8)]);
  });

  it('drops the remainder, but knows its characters', () => {
    const { vocabulary, steps } = charlmBatches('aabbz', { batchsize: 2 });
    expect([vocabulary.size, steps]).toEqual([3, [Int32Array.of(0, 1), Int32Array.of(0, 1)]]);
  });

  it('follows the formula on a real text', async () => {
    const poem = await text('hiawatha');
    const { vocabulary, steps } = charlmBatches(poem, { batchsize: 128 });
    const n = Math.floor(poem.length / 128);
    expect([vocabulary.size, steps.length]).toEqual([84, n]);
    for (const t of [0, 1, 777, n - 1]) for (const r of [0, 1, 64, 127]) expect(steps[t]![r]).toBe(vocabulary.get(poem[r * n + t]!));
  });

  it('uses a given vocabulary, unchanged, and names a character that it lacks', () => {
    const given = new Map([
      ['b', 0],
      ['a', 1],
    ]);
    const { vocabulary, steps } = charlmBatches('abab', { batchsize: 1, vocabulary: given });
    expect([...vocabulary]).toEqual([...given]);
    expect(steps.map(s => s[0])).toEqual([1, 0, 1, 0]);
    expect(() => charlmBatches('ab\ncab', { batchsize: 1, vocabulary: given })).toThrow(
      'charlmBatches: character "\\n" at position 2 is not among the 2 of the vocabulary',
    );
    expect(given.size).toBe(2);
  });

  it('counts code points, not halves of them', () => {
    const { vocabulary, steps } = charlmBatches('😀a😀', { batchsize: 1 });
    expect([[...vocabulary.keys()], steps.length]).toEqual([['😀', 'a'], 3]);
  });

  it('refuses a batchsize that makes no step', () => {
    expect(() => charlmBatches('abc', { batchsize: 4 })).toThrow('a text of 3 characters is too short for a batchsize of 4');
    expect(() => charlmBatches('', { batchsize: 1 })).toThrow('a text of 0 characters');
    for (const batchsize of [0, -1, 1.5, Number.NaN])
      expect(() => charlmBatches('abc', { batchsize })).toThrow(/batchsize must be a whole number/);
  });
});
