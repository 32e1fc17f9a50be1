import { type Calls, watchCalls } from './calls.js';

/**
 * What the runner hands to a workload module and what it wants back. Every module under `peers/<library>/` and `knet/`
 * exports `run`, with exactly this signature.
 */

/** How one sample is to be taken. */
export interface RunOptions {
  /** Device for our own side (`cpu`, `onednn`, `webgpu`, `cuda`); the peers ignore it. */
  device: string;
  /**
   * Which form of a library is meant: `wasm`, `cpu` or `webgpu` for tfjs, `jit`, `eager` or `jit-webgpu` for jax-js, empty for ours
   * and for the fastest form of torch, `cuda`, `cuda-compile` and `cuda-graphs` for torch on a GPU.
   */
  variant: string;
  /** Steps of the whole workload: never take more. */
  steps: number;
  /** Steps taken before the clock starts, so that compilers and caches are warm; fewer when a quarter of the budget is gone. */
  warmup: number;
  /** Instances in one step. */
  batch: number;
  /** Time steps in one step of the language model. */
  length: number;
  /** Seconds after which the sample may stop early; the runner then scales it to the whole workload. */
  budget: number;
  /** Threads for the peers that can use several and take the number from outside: torch and openblas. */
  threads: number;
}

/** What one sample measured. */
export interface RunResult {
  /** Wall time of `steps` steps. */
  seconds: number;
  /** Steps that were timed; fewer than `RunOptions.steps` when the budget ran out. */
  steps: number;
  /** Loss on a fixed batch after the last step. A micro-benchmark puts its largest relative error here. */
  loss: number;
  /** Loss on the same batch before the first step; the runner fails a sample that did not learn. */
  firstLoss?: number;
  /** Steps that were taken before `loss` was computed, warm-up included; losses of sides that took as many can be compared. */
  trained?: number;
  /** What the timed steps asked of WebGPU, where that was counted. */
  calls?: Calls;
  /** Browser and graphics adapter of a sample that was taken in a page. */
  where?: string;
  /** Figures of a micro-benchmark, by the names that its `Workload` lists. */
  figures?: Record<string, number>;
  /** What a reader of the sample should know, for example which of several forms of the model was the fastest. */
  note?: string;
  /** Processor seconds of processes that the module started for this sample. */
  helpers?: number;
}

/** A workload module. */
export interface WorkloadModule {
  run(options: RunOptions): Promise<RunResult>;
}

/** A model in training, as `train` drives it. */
export interface Trainer {
  /** Takes one optimizer step; `index` counts from 0 and includes the warm-up. */
  step(index: number): void | Promise<void>;
  /** Waits until all that `step` started has been computed. */
  finish(): void | Promise<void>;
  /** Loss on a fixed batch, outside the clock. */
  loss(): number | Promise<number>;
}

/**
 * Takes one sample of a training workload: loss, warm-up, the timed steps, loss again.
 *
 * @param trainer - the model; libraries that only enqueue are waited for at the end and, so that the budget holds, every 16 steps
 * @param options - how many steps, and when to stop early
 * @returns time, steps and both losses
 */
export async function train(trainer: Trainer, options: RunOptions): Promise<RunResult> {
  const firstLoss = await trainer.loss();
  let index = 0;
  const warm = performance.now() + options.budget * 250;
  while (index < options.warmup && performance.now() < warm) await trainer.step(index++);
  await trainer.finish();
  const asked = watchCalls();
  const start = performance.now();
  const limit = start + options.budget * 1000;
  let steps = 0;
  while (steps < options.steps) {
    const pending = trainer.step(index++);
    if (pending !== undefined) await pending;
    steps++;
    if (steps % 16 === 0) await trainer.finish();
    if (performance.now() > limit) break;
  }
  await trainer.finish();
  const seconds = (performance.now() - start) / 1000;
  const calls = asked();
  return { seconds, steps, trained: index, loss: await trainer.loss(), firstLoss, ...(calls && { calls }) };
}

/**
 * Mean time of `body` in seconds: runs it for at least `minimum` seconds, in growing rounds, and divides.
 *
 * @param body - what is timed, `count` times over; awaits its device before it returns
 * @param minimum - seconds the last round has to take
 */
export async function timePerCall(body: (count: number) => void | Promise<void>, minimum: number): Promise<number> {
  for (let count = 1; ; ) {
    const start = performance.now();
    await body(count);
    const seconds = (performance.now() - start) / 1000;
    if (seconds >= minimum) return seconds / count;
    // Aim a fifth beyond the minimum, and never grow so fast that one odd round decides.
    count = Math.max(count + 1, Math.min(count * 10, Math.ceil((count * minimum * 1.2) / Math.max(seconds, 1e-6))));
  }
}

/**
 * Mean time of each of several bodies in seconds, to be compared with each other: they take turns, and the best of `rounds` turns
 * counts, so that a slow spell of the machine does not fall on one of them alone.
 *
 * @param bodies - as for `timePerCall`
 * @param minimum - seconds of one turn of one body
 * @param rounds - turns of each body
 */
export async function compareTimes(
  bodies: readonly ((count: number) => void | Promise<void>)[],
  minimum: number,
  rounds = 5,
): Promise<number[]> {
  const best = bodies.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < rounds; round++) {
    for (const [i, body] of bodies.entries()) best[i] = Math.min(best[i]!, await timePerCall(body, minimum));
  }
  return best;
}
