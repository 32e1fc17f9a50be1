/**
 * A language model that learns a text character by character, and then writes one.
 *
 *     pnpm example charlm --save hiawatha.safetensors --generate 500
 *     pnpm example charlm --load hiawatha.safetensors --epochs 0 --generate 500
 */
import { charlmBatches, text as readText } from '@knet/datasets';
import { Adam, grad, load, optimizers, progress, save, seed, update } from '@knet/knet';
import { LearningCurve } from '../common/curve.js';
import { example, runAsProgram } from '../common/example.js';
import { integer, notNegative, positive, text, UsageError } from '../common/options.js';
import { generate, initialState, initialWeights, loss, type Weights } from './model.js';

/** A model with what is needed to use it, and to go on training it. */
interface Model {
  w: Weights;
  state: ReturnType<typeof adams>;
  vocabulary: Map<string, number>;
}

/** An optimizer for each of the weights. */
const adams = (w: Weights) => optimizers(w, () => new Adam());

const lossGradient = grad(loss);

/**
 * Cuts the steps of a text into stretches of `length` predictions. The last step of a stretch is the first of the next, because what
 * is predicted last there is read first here. A shorter rest is left out.
 */
function stretches(steps: readonly Int32Array[], length: number): Int32Array[][] {
  const count = Math.floor((steps.length - 1) / length);
  if (count < 1)
    throw new UsageError(
      `Each part of the text has ${steps.length} characters, too few for stretches of ${length}: choose a smaller --seqlength or --batchsize.`,
    );
  return Array.from({ length: count }, (_, i) => steps.slice(i * length, (i + 1) * length + 1));
}

/** Mean loss per character over a text that is read from its beginning. */
async function measure(w: Weights, data: readonly Int32Array[][], batchsize: number): Promise<number> {
  const state = initialState(w, batchsize);
  let sum = 0;
  for (const steps of progress(data, { label: 'loss' })) sum += await loss(w, state, steps).item();
  return sum / data.length;
}

/** Reads the text once and takes an optimizer step after each stretch. */
function train({ w, state }: Model, data: readonly Int32Array[][], batchsize: number, label: string): void {
  // The gradient reaches back to the beginning of a stretch, the memory of the LSTM to the beginning of the text.
  const memory = initialState(w, batchsize);
  for (const steps of progress(data, { label })) update(w, lossGradient(w, memory, steps), state);
}

export const main = example(
  {
    name: 'charlm',
    about: 'A character language model: an LSTM learns a text and writes one like it.',
    options: {
      data: text('hiawatha', 'text to learn: hiawatha, tinyshakespeare, or a file'),
      epochs: integer(10, 'passes over the text', 0),
      hidden: integer(256, 'units of the LSTM'),
      embed: integer(256, 'numbers that stand for a character'),
      batchsize: integer(128, 'parts of the text that are read side by side'),
      seqlength: integer(100, 'characters of each part in a step'),
      lr: positive(0.01, 'learning rate of Adam'),
      gclip: notNegative(0, 'longest gradient of an array; 0 sets no limit'),
      winit: positive(1, 'scale of the first weights'),
      save: text(undefined, 'file for the model, written anew after each epoch'),
      load: text(undefined, 'file of a model to start from, with its characters and sizes'),
      generate: integer(0, 'characters to write in the end', 0),
    },
  },
  async o => {
    const loaded = o.load === undefined ? undefined : await load<Partial<Model>>(o.load);
    if (loaded !== undefined && !(loaded.vocabulary instanceof Map && loaded.w && loaded.state))
      throw new UsageError(`${o.load} is not a file that this example saved.`);
    const { vocabulary, steps } = charlmBatches(await readText(o.data), { batchsize: o.batchsize, vocabulary: loaded?.vocabulary });
    const data = stretches(steps, o.seqlength);
    const w = loaded?.w ?? initialWeights(vocabulary.size, o.embed, o.hidden, o.winit);
    const model: Model = { w, state: loaded?.state ?? adams(w), vocabulary };
    for (const adam of Object.values(model.state)) {
      adam.lr = o.lr; // also of a loaded model: training often ends with a smaller one
      adam.gclip = o.gclip;
    }

    const curve = new LearningCurve(`LSTM on ${o.data}`, 'loss per character');
    const report = async (epoch: number): Promise<void> => {
      curve.add(epoch, { loss: await measure(w, data, o.batchsize) });
      if (o.save !== undefined) await save(o.save, model);
    };
    await report(0);
    for (let epoch = 1; epoch <= o.epochs; epoch++) {
      train(model, data, o.batchsize, `epoch ${epoch}`);
      await report(epoch);
    }
    await curve.save(o.plot);
    if (o.generate > 0) {
      seed(o.seed); // The text is the same whether the model was trained just now or loaded.
      console.log(await generate(w, vocabulary, { length: o.generate }));
    }
  },
);

await runAsProgram(import.meta.url, main);
