import { getDevice, type KnetArray, matmul } from '@knet/knet';
import { uniform } from '../data.js';
import { watchCalls } from '../harness/calls.js';
import type { RunOptions, RunResult } from '../harness/contract.js';
import { median } from '../harness/table.js';
import { timeInside } from './backend-time.js';
import { type Model, modelOf } from './classifier.js';
import { lenet } from './lenet.js';
import { perceptron } from './mlp.js';
import { from, start } from './start.js';

/** Dispatches that a round enqueues: fewer than the backend submits by itself, so that submitting is timed apart. */
const perRound = 127;
/** Steps until the engine has compiled all that it will, and those that are timed. */
const steps = { warmup: 2000, timed: 240 } as const;
/** Milliseconds without sleep before a round: a processor that has waited for the GPU begins slowly. */
const awake = 3;

/** What a model's steps cost, in microseconds for each dispatch. */
interface Cost {
  /** Enqueueing, in JavaScript. */
  enqueue: number;
  /** The part of it that passes inside the calls of the backend. */
  backend: number;
  /** Submitting, on the same thread: the implementation of WebGPU at work. */
  submit: number;
  /** Dispatches of one step. */
  dispatches: number;
}

/** Enqueues rounds of steps, and waits after each, off the clock, until the GPU has done it. Medians over single steps and submits. */
async function measure({ step, last }: Model, inside: () => number): Promise<Cost> {
  let index = 0;
  let dispatches = 0;
  let enqueue: number[] = [];
  let backend: number[] = [];
  let submit: number[] = [];
  const round = async (count: number): Promise<void> => {
    const asked = watchCalls();
    for (const begin = performance.now(); performance.now() - begin < awake; );
    for (let i = 0; i < count; i++) {
      const [begin, before] = [performance.now(), inside()];
      step(index++);
      enqueue.push(performance.now() - begin);
      backend.push(inside() - before);
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
  [enqueue, backend, submit] = [[], [], []];
  for (let i = 0; i < steps.timed; i += count) await round(count);
  const each = (times: number[]): number => (median(times) * 1000) / dispatches;
  return { enqueue: each(enqueue), backend: each(backend), submit: each(submit), dispatches };
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

/** What a dispatch costs in JavaScript: alone, and in steps of training with their recording, gradients and updates. */
export async function run(options: RunOptions): Promise<RunResult> {
  await start(options);
  const models: Record<string, () => Model> = {
    products: smallProducts,
    'mlp step': () => modelOf(perceptron, { ...options, batch: 20 }),
    'lenet step': () => modelOf(lenet, { ...options, batch: 1 }),
  };
  const inside = timeInside(getDevice().backend);
  const figures: Record<string, number> = {};
  const notes: string[] = [];
  const begin = performance.now();
  for (const [name, make] of Object.entries(models)) {
    const found = await measure(make(), inside);
    figures[name] = found.enqueue;
    figures[`${name}, backend`] = found.backend;
    notes.push(`${name} ${found.dispatches.toFixed(0)} dispatches, ${found.submit.toFixed(1)} µs each for submitting`);
  }
  return { seconds: (performance.now() - begin) / 1000, steps: 1, loss: 0, figures, note: notes.join('; ') };
}
