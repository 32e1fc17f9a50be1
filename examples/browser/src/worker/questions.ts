/** What the page may ask a model while it is trained, and afterwards. */
import { turn } from '@knet/knet';
import type { Writing } from '../../../charlm/model.js';
import type { Job, Report } from '../protocol.js';
import { titles } from './file.js';
import type { Learner } from './learner.js';

/** Milliseconds between two looks at a text that is being written. */
const lookEvery = 100;

/** A model that is asked. */
interface Asked {
  readonly job: Job;
  readonly learner: Learner;
}

type Post = (report: Report) => void;

/** The weights as a file. */
export async function save({ learner, job }: Asked, post: Post): Promise<void> {
  const bytes = new Uint8Array(await learner.save());
  post({ type: 'saved', bytes, name: `knet-${job.model}-${learner.step}.safetensors` });
}

/** What digit an image shows. @throws Error when the model reads no digits */
export async function classify({ learner, job }: Asked, pixels: Float32Array, post: Post): Promise<void> {
  if (learner.classify === undefined) throw new Error(`Drawings are read by the models of digits, not by ${titles[job.model]}.`);
  post({ type: 'answer', probabilities: await learner.classify(pixels) });
}

/** A text, shown as it grows. @throws Error when the model writes none */
export async function writeText({ learner, job }: Asked, writing: Writing, post: Post): Promise<void> {
  if (learner.write === undefined) throw new Error(`Texts are written by the character model, not by ${titles[job.model]}.`);
  let text = writing.start ?? '';
  let shown = performance.now();
  for await (const character of learner.write(writing)) {
    text += character;
    await turn();
    if (performance.now() - shown < lookEvery) continue;
    post({ type: 'text', text, done: false });
    shown = performance.now();
  }
  post({ type: 'text', text, done: true });
}
