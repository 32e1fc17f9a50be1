import { getDevice, type KnetArray, matmul } from '@knet/knet';
import { uniform } from '../data.js';
import { watchCalls } from '../harness/calls.js';
import type { RunOptions, RunResult } from '../harness/contract.js';
import { median } from '../harness/table.js';
import { timeInside } from './backend-time.js';
import { type Model, modelOf } from './classifier.js';
import { lenet } from './lenet.js';
import { perceptron } from './mlp.js';
import { from } from './start.js';

/** Dispatches that a round enqueues: fewer than the backend submits by itself, so that submitting is timed apart. */
const perRound = 127;
/** Steps until the engine has compiled all that it will, and those that are timed. */
const steps = { warmup: 4000, timed: 500 } as const;

/** What a model's steps cost, in microseconds for each dispatch. */
interface Cost {
  /** Enqueueing, in JavaScript. */
  enqueue: number;
  /** Submitting, on the same thread: the implementation of WebGPU at work. */
  submit: number;
  /** Dispatches of one step. */
  dispatches: number;
}

/**
 * Enqueues rounds of steps, and waits after each, off the clock, until the GPU has done it. Medians over single steps and submits, of the time
 * that `clock` tells in milliseconds.
 */
async function measure({ step, last }: Model, clock: () => number): Promise<Cost> {
  let index = 0;
  let dispatches = 0;
  let enqueue: number[] = [];
  let submit: number[] = [];
  const round = async (count: number): Promise<void> => {
    const asked = watchCalls();
    for (let i = 0; i < count; i++) {
      const begin = clock();
      step(index++);
      enqueue.push(clock() - begin);
    }
    const begin = performance.now();
    const done = last().data();
    submit.push((performance.now() - begin) / count);
    const calls = asked();
    await done;
    if (calls === undefined || calls.dispatches === 0) throw new Error('dispatch: nothing was dispatched through WebGPU');
    dispatches = calls.dispatches / count;
  };
  // The first steps also compile shaders, which may take other dispatches.
  for (let i = 0; i < 2; i++) await round(1);
  const count = Math.max(1, Math.floor(perRound / dispatches));
  for (let i = 0; i < steps.warmup; i += count) await round(count);
  [enqueue, submit] = [[], []];
  for (let i = 0; i < steps.timed; i += count) await round(count);
  const each = (times: number[]): number => (median(times) * 1000) / dispatches;
  return { enqueue: each(enqueue), submit: each(submit), dispatches };
}

/** Products of two small matrices, one after the other, as one step. */
function smallProducts(): Model {
  const factor = from(uniform(64, 0.5, 51), 8, 8);
  let value = from(uniform(64, 0.5, 52), 8, 8);
  const last = (): KnetArray => value;
  const step = (): void => {
    for (let i = 0; i < 50; i++) {
      const before = value;
      value = matmul(factor, before);
      before.dispose();
    }
  };
  return { step, loss: last, last };
}

/**
 * What a dispatch costs in JavaScript: alone, and in steps of training, as `minimize` makes them. Nothing is computed: a GPU
 * in software would take the processor, and its caches, from what is measured.
 */
export async function run(options: RunOptions): Promise<RunResult> {
  await (await import('#webgpu')).openWebgpu(false);
  const models: Record<string, () => Model> = {
    products: smallProducts,
    'mlp step': () => modelOf(perceptron, { ...options, batch: 20 }, true),
    'lenet step': () => modelOf(lenet, { ...options, batch: 2 }, true),
  };
  const figures: Record<string, number> = {};
  const notes: string[] = [];
  const begin = performance.now();
  for (const [name, make] of Object.entries(models)) {
    const found = await measure(make(), () => performance.now());
    figures[name] = found.enqueue;
    notes.push(`${name} ${found.dispatches.toFixed(0)} dispatches, ${found.submit.toFixed(1)} µs each for submitting`);
  }
  // Once more: this clock takes time of its own.
  const inside = timeInside(getDevice().backend);
  for (const [name, make] of Object.entries(models)) figures[`${name}, backend`] = (await measure(make(), inside)).enqueue;
  return { seconds: (performance.now() - begin) / 1000, steps: 1, loss: 0, figures, note: notes.join('; ') };
}
