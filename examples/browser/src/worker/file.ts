/** The files of weights that the page saves. */
import { Adam, loadBytes } from '@knet/knet';
import { type ModelName, modelNames } from '../protocol.js';

/** What such a file holds. */
export interface WeightsFile {
  readonly model: ModelName;
  readonly step: number;
  /** Arrays in the structure of the model that they belong to; see `fit.ts`. */
  readonly w: unknown;
  /** The optimizer of each array, by its path. */
  readonly adams: ReadonlyMap<string, Adam>;
  /** Characters of a language model with their numbers; empty for other models. */
  readonly vocabulary: ReadonlyMap<string, number>;
}

/** Names for readers. */
export const titles: Readonly<Record<ModelName, string>> = {
  mlp: 'the perceptron',
  lenet: 'LeNet',
  charlm: 'the character model',
};

/**
 * Puts the arrays of a file on the current device.
 *
 * @param model - the model that they are meant for
 * @throws Error when it is no file of this page, or one of another model
 */
export async function readWeights(bytes: Uint8Array, model: ModelName): Promise<WeightsFile> {
  const tree = await loadBytes<Record<string, unknown>>(bytes).catch(cause => {
    throw new Error(`The file cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  });
  const { model: saved, step, w, adams, vocabulary } = tree;
  const known = modelNames.find(name => name === saved);
  if (known === undefined || typeof step !== 'number' || !isMapOf(adams, isAdam) || !isMapOf(vocabulary, isNumber))
    throw new Error('The file holds no weights that this page saved.');
  if (known !== model)
    throw new Error(`The file holds weights of ${titles[known]}: choose that model first, or a file of ${titles[model]}.`);
  return { model: known, step, w, adams, vocabulary };
}

function isMapOf<T>(x: unknown, isItem: (item: unknown) => item is T): x is Map<string, T> {
  return x instanceof Map && [...x].every(([key, item]) => typeof key === 'string' && isItem(item));
}

const isAdam = (x: unknown): x is Adam => x instanceof Adam;
const isNumber = (x: unknown): x is number => typeof x === 'number';
