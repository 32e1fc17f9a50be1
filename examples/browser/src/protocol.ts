/** What the page and its worker say to each other. Everything here can be cloned from one to the other. */
import type { Settings } from './settings.js';

/** The models, as the picker and the address of the page name them. */
export const modelNames = ['mlp', 'lenet', 'charlm'] as const;
export type ModelName = (typeof modelNames)[number];

/** What the device picker offers. */
export const deviceChoices = ['auto', 'webgpu', 'cpu'] as const;
export type DeviceChoice = (typeof deviceChoices)[number];

/** What is to be trained, where, and how. */
export interface Job {
  readonly model: ModelName;
  readonly device: DeviceChoice;
  readonly settings: Settings;
  /** Address of the folder with the data sets, on the site of the page. */
  readonly data: string;
}

/** From the page to the worker. Requests are served one after the other. */
export type Request =
  /** New weights, trained until told otherwise. */
  | { readonly type: 'start'; readonly job: Job }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  | { readonly type: 'stop' }
  /** The weights as a file: answered by `saved`. */
  | { readonly type: 'save' }
  /** The weights of a file, as `saved` gave it: a paused training. */
  | { readonly type: 'load'; readonly job: Job; readonly bytes: Uint8Array }
  /** A drawing of 28 x 28 pixels, row by row, from 0 to 1: answered by `answer`. */
  | { readonly type: 'classify'; readonly pixels: Float32Array }
  /** Answered by `text`, several times. */
  | { readonly type: 'write'; readonly start: string; readonly temperature: number; readonly length: number }
  /** Another device after the first was lost, with the weights that were kept; and on with the training. */
  | { readonly type: 'recover'; readonly device: DeviceChoice }
  /** For tests: destroys the device, as a driver that crashes does. */
  | { readonly type: 'lose' };

/**
 * Where a training is. `idle`: there are no weights yet. `preparing`: a device is opened, data are fetched. `stopped`: it is over, the
 * weights are still there. `lost`: so is the device; the weights were kept on the host.
 */
export type Phase = 'idle' | 'preparing' | 'running' | 'paused' | 'stopped' | 'lost';

/** How good a model is on some instances. */
export interface Score {
  readonly loss: number;
  /** Share of right answers. */
  readonly accuracy: number;
}

/** From the worker to the page. */
export type Report =
  | { readonly type: 'phase'; readonly phase: Phase; readonly message: string }
  /** Which device it is, and why. */
  | { readonly type: 'device'; readonly name: string; readonly message: string }
  /** Other weights are in place, after so many steps; the curves go on from there, or begin anew. */
  | { readonly type: 'weights'; readonly step: number; readonly anew: boolean }
  /** Losses of the steps since the last report, and the speed of late. */
  | { readonly type: 'steps'; readonly losses: readonly StepLoss[]; readonly stepsPerSecond: number; readonly itemsPerSecond: number }
  | { readonly type: 'scores'; readonly step: number; readonly training: Score; readonly test: Score }
  /** Bytes on the device. */
  | { readonly type: 'memory'; readonly live: number; readonly pooled: number; readonly peak: number }
  /** Probabilities of the ten digits. */
  | { readonly type: 'answer'; readonly probabilities: readonly number[] }
  /** What is written so far. */
  | { readonly type: 'text'; readonly text: string; readonly done: boolean }
  | { readonly type: 'saved'; readonly bytes: Uint8Array<ArrayBuffer>; readonly name: string }
  /** A request could not be served: one sentence. */
  | { readonly type: 'failed'; readonly message: string };

/** The loss of the batch of a step, before the step; the first step is 1. */
export interface StepLoss {
  readonly step: number;
  readonly loss: number;
}
