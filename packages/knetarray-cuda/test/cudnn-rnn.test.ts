/** LSTM layers by cuDNN, for which a library with its functions stands in that computes on the processor. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addon, bundled, output } from './child.js';
import { buildFakeCudnn } from './fake-cudnn.js';

const folder = mkdtempSync(join(tmpdir(), 'knet-cudnn-rnn-'));
const library = join(folder, 'libfake-cudnn.so');
let program: Awaited<ReturnType<typeof bundled>>;
beforeAll(async () => {
  buildFakeCudnn(library);
  program = await bundled('lstm-layer');
});
afterAll(() => {
  program.dispose();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly dnn: string;
  /** Whether there is a kernel of whole layers, by dtype. */
  readonly supported: readonly boolean[];
  readonly outcome: unknown;
  /** What the library has noted, one line for a call. */
  readonly lines: readonly string[];
}

let runs = 0;
async function run(args: readonly string[], settings: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const log = join(folder, `log ${++runs}`);
  const answer = await output(program.path, args, { KNET_CUDNN: library, KNET_FAKE_CUDNN_LOG: log, ...settings });
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
  return { ...JSON.parse(answer), lines };
}

// The library has no use for memory of a GPU.
describe.skipIf(!addon.endsWith('cuda_emu.node'))('LSTM layers by cuDNN', () => {
  it('are what they are without it, in all derivatives', async () => {
    const [own, theirs] = await Promise.all([run(['results'], { KNET_CUDNN: 'off' }), run(['results'])]);
    expect([own.supported, own.lines]).toEqual([[false, false, false], []]);
    expect(theirs.supported).toEqual([true, true, false]);
    // A kernel call or more for each: in full precision for float32.
    const kinds = ['inference', 'training', 'gradientX', 'gradientW'].flatMap(kind => [0, 3].map(math => `rnn ${kind} math ${math}`));
    expect([...new Set(theirs.lines)].sort()).toEqual(kinds.sort());
    const flat = ({ outcome }: Answer) => (outcome as number[][][][]).map(dtype => dtype.flat(2));
    const [expected, actual] = [flat(own), flat(theirs)];
    expected.forEach((list, k) => {
      expect(actual[k]!.length).toBe(list.length);
      const worst = Math.max(...list.map((e, i) => Math.abs(actual[k]![i]! - e) / Math.max(1, Math.abs(e))));
      expect(worst).toBeLessThan(k === 0 ? 1e-4 : 1e-12);
      expect(list.some(e => Math.abs(e) > 0.1)).toBe(true);
    });
  });

  it.each(['forward', 'backward', 'shuffled'])('pass the conformance suite, threads %s', async order => {
    const { outcome } = await run(['conformance'], { KNET_CUDA_EMULATION_ORDER: order });
    expect(outcome).toEqual([
      ['lstmLayer (kernel) float32', 'passed'],
      ['lstmLayer (kernel) float64', 'passed'],
    ]);
  });

  it('take tensor cores for float32 when they may', async () => {
    const { lines } = await run(['memory', 'tf32']);
    expect([...new Set(lines)]).toEqual(['training', 'gradientX', 'gradientW'].map(kind => `rnn ${kind} math 0`));
  });

  it('leave nothing behind', async () => {
    const { outcome, lines } = await run(['memory']);
    const { before, after, same, huge } = outcome as { before: number[]; after: number[]; same: boolean; huge: null };
    expect(after[0]).toBeLessThanOrEqual(before[0]!);
    expect(after[1]).toBe(before[1]);
    expect([same, huge]).toEqual([true, null]);
    expect(lines.length).toBe(3 * 22);
  });

  it('are made of other kernels where cuDNN has nothing for them', async () => {
    const { supported, outcome, lines } = await run(['error'], { KNET_FAKE_CUDNN_FAULT: 'find' });
    expect([supported[0], outcome, lines]).toEqual([true, ['', ''], []]);
  });

  it('are made of other kernels where cuDNN lacks a function', async () => {
    const KNET_CUDNN = buildFakeCudnn(join(folder, 'libfake-convolution.so'), { recurrent: false });
    const { dnn, supported, outcome } = await run(['error'], { KNET_CUDNN });
    expect([dnn, supported, outcome]).toEqual(['9.24.7', [false, false, false], ['', '']]);
  });

  const layer = 'of an LSTM layer of 3 inputs, 4 units, batch 2 and 5 steps';
  const advice = '(with KNET_CUDNN=off such layers are made of other kernels)';
  it.each([
    ['refuse', `Error: cuda: cuDNN, the description ${layer}: STATUS_2000: not today ${advice}`],
    ['place', 'Error: cuda: cuDNN has no place for the weights of an LSTM layer of 3 inputs, 4 units, batch 2 and 5 steps'],
    ['run', `Error: cuda: cuDNN, the way forward ${layer}: STATUS_3001: not for these numbers ${advice}`],
  ])('say what cuDNN says, and work goes on: %s', async (fault, error) => {
    const { outcome } = await run(['error'], { KNET_FAKE_CUDNN_FAULT: fault });
    expect(outcome).toEqual([error, '']);
  });

  it('say that the GPU has failed, and nothing is computed afterwards', async () => {
    const { outcome } = await run(['error'], { KNET_FAKE_CUDNN_FAULT: 'execution' });
    const lost = `DeviceLostError: cuda: cuDNN, the way forward ${layer}: STATUS_5000: the multiprocessors are on fire. What was on the GPU is lost: start the process again and load the weights.`;
    expect(outcome).toEqual([lost, lost]);
  });

  it('refuse to keep too little for a gradient', async () => {
    const { outcome } = await run(['short']);
    expect(outcome).toBe(
      'Error: cuda: an LSTM layer of 2 inputs, 3 units, batch 2 and 4 steps has kept 10 bytes for its gradient, which needs 968: do not change tf32 in between',
    );
  });
});
