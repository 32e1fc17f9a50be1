import { type KnetArray, matmul } from '@knet/knet';
import { uniform } from '../data.js';
import { watchCalls } from '../harness/calls.js';
import type { RunOptions, RunResult } from '../harness/contract.js';
import { median } from '../harness/table.js';
import { type Model, modelOf } from './classifier.js';
import { lenet } from './lenet.js';
import { perceptron } from './mlp.js';
import { from, start } from './start.js';

/** Dispatches that a round enqueues at least, so that it has some work and the GPU gets it in one piece or two. */
const perRound = 100;
const rounds = { warmup: 30, timed: 50 } as const;

/** Time of enqueueing a model's step, in microseconds for each dispatch, and the dispatches of a step. */
async function measure({ step, last }: Model): Promise<{ time: number; dispatches: number }> {
  let index = 0;
  let count = 1;
  /** Enqueues `count` steps and submits them; waits, off the clock, until the GPU has done them. */
  const round = async (): Promise<{ time: number; dispatches: number }> => {
    const asked = watchCalls();
    const begin = performance.now();
    for (let i = 0; i < count; i++) step(index++);
    const done = last().data();
    const time = (performance.now() - begin) * 1000;
    const calls = asked();
    await done;
    if (calls === undefined || calls.dispatches === 0) throw new Error('dispatch: nothing was dispatched through WebGPU');
    return { time: time / calls.dispatches, dispatches: calls.dispatches / count };
  };
  await round();
  count = Math.max(1, Math.ceil(perRound / (await round()).dispatches));
  for (let i = 0; i < rounds.warmup; i++) await round();
  const times: number[] = [];
  let dispatches = 0;
  for (let i = 0; i < rounds.timed; i++) {
    const taken = await round();
    times.push(taken.time);
    dispatches = taken.dispatches;
  }
  return { time: median(times), dispatches };
}

/** A product of two small matrices, again and again. */
function smallProduct(): Model {
  const factor = from(uniform(64, 0.5, 51), 8, 8);
  let value = from(uniform(64, 0.5, 52), 8, 8);
  const step = (): void => {
    const before = value;
    value = matmul(factor, before);
    before.dispose();
  };
  const last = (): KnetArray => value;
  return { step, loss: last, last };
}

/** What a dispatch costs in JavaScript: alone, and in steps of training with their recording, gradients and updates. */
export async function run(options: RunOptions): Promise<RunResult> {
  await start(options);
  const models: Record<string, () => Model> = {
    product: smallProduct,
    'mlp step': () => modelOf(perceptron, { ...options, batch: 100 }),
    'lenet step': () => modelOf(lenet, { ...options, batch: 2 }),
  };
  const figures: Record<string, number> = {};
  const dispatches: string[] = [];
  const begin = performance.now();
  for (const [name, make] of Object.entries(models)) {
    const found = await measure(make());
    figures[name] = found.time;
    dispatches.push(`${name} ${found.dispatches.toFixed(1)}`);
  }
  return { seconds: (performance.now() - begin) / 1000, steps: 1, loss: 0, figures, note: `dispatches: ${dispatches.join(', ')}` };
}
