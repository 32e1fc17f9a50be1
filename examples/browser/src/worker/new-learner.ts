/** The models of the examples, ready to be trained. */
import * as lenet from '../../../lenet/model.js';
import * as mnist from '../../../mnist/model.js';
import type { Job } from '../protocol.js';
import { readText } from './data.js';
import { DigitLearner } from './digits.js';
import type { WeightsFile } from './file.js';
import type { Learner } from './learner.js';
import { TextLearner } from './text.js';

/**
 * A model on the current device, with new weights or those of a file.
 *
 * @param file - with it a model of text needs no text to know its characters
 * @throws Error when the file does not fit the model
 */
export async function newLearner({ model, settings, data }: Job, file?: WeightsFile): Promise<Learner> {
  let learner: Learner;
  switch (model) {
    case 'mlp':
      learner = new DigitLearner(model, { ...mnist, initial: mnist.initialLayers([settings.hidden]) }, settings, data);
      break;
    case 'lenet':
      learner = new DigitLearner(model, { ...lenet, initial: lenet.initialWeights() }, settings, data);
      break;
    case 'charlm':
      learner = new TextLearner(file?.vocabulary ?? vocabularyOf(await readText(data)), settings, data);
  }
  if (file !== undefined) learner.load(file);
  return learner;
}

/** Numbers of the characters of a text, in the order in which they first appear. */
function vocabularyOf(text: string): Map<string, number> {
  return new Map([...new Set(text)].map((character, number) => [character, number]));
}
