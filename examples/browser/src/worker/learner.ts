/** What the trainer knows of a model. */
import type { KnetArray } from '@knet/knet';
import type { Writing } from '../../../charlm/model.js';
import type { Score } from '../protocol.js';
import type { WeightsFile } from './file.js';

/** A model with its weights and, once it is prepared, its data. */
export interface Learner {
  /** Steps taken. */
  readonly step: number;
  /** Images or characters in a step. */
  readonly itemsPerStep: number;
  /** Fetches what there is to learn from, unless it is there. */
  prepare(): Promise<void>;
  /** Takes a step, and returns the loss before it, unread. */
  advance(): KnetArray;
  /** How good it is on some of what it learns from, and on what it never learned from. */
  measure(): Promise<{ training: Score; test: Score }>;
  /** The bytes of a file. */
  save(): Promise<Uint8Array>;
  /** @throws Error, with nothing changed, when the weights do not fit */
  load(file: WeightsFile): void;
  /** Probabilities of the ten digits, for an image of 28 x 28 pixels. Absent in a model of text. */
  classify?(pixels: Float32Array): Promise<number[]>;
  /** Characters, one after the other. Absent in a model of images. */
  write?(writing: Writing): AsyncGenerator<string, void, void>;
}
