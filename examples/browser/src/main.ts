/** The page: parts that show what the worker reports, and send it what the user asks for. */
import { Controls } from './page/controls.js';
import { Curve } from './page/curve.js';
import { download } from './page/download.js';
import { element } from './page/elements.js';
import { countItems, percent, showFigures } from './page/figures.js';
import { Reader } from './page/reader.js';
import { Writer } from './page/writer.js';
import type { Job, ModelName, Phase, Report, Request } from './protocol.js';
import { readAddress, settingsFor } from './settings.js';

const address = readAddress(location.search);
const worker = new Worker(new URL('./worker/worker.ts', import.meta.url), { type: 'module' });
const send = (request: Request): void => worker.postMessage(request);

let phase: Phase = 'idle';
let message = 'Choose a model and start, or load weights that were saved here.';
/** The model that has weights in the worker, and the one whose weights are on their way there. */
let present: ModelName | undefined;
let coming: ModelName | undefined;

const lines = [
  { name: 'training data', color: '--first' },
  { name: 'test data', color: '--second' },
];
const losses = new Curve(
  element('loss-curve', HTMLElement),
  'Curve of the loss',
  lines,
  y => y.toFixed(3),
  y => y.toFixed(1),
);
const accuracies = new Curve(
  element('accuracy-curve', HTMLElement),
  'Curve of the accuracy',
  lines,
  percent,
  y => `${Math.round(100 * y)}%`,
  1,
);
const reader = new Reader(pixels => send({ type: 'classify', pixels }));
const writer = new Writer(wish => send({ type: 'write', ...wish }));

const controls = new Controls(address, {
  start: () => send({ type: 'start', job: newJob() }),
  pause: () => send({ type: 'pause' }),
  resume: () => send({ type: 'resume' }),
  stop: () => send({ type: 'stop' }),
  save: () => send({ type: 'save' }),
  load: async file => send({ type: 'load', job: newJob(), bytes: new Uint8Array(await file.arrayBuffer()) }),
  recover: () => send({ type: 'recover', device: controls.device }),
  choose: showModel,
});

/** What the pickers and the address say. */
function newJob(): Job {
  const { model, device } = controls;
  coming = model;
  return { model, device, settings: settingsFor(model, address.changes), data: new URL('data/', document.baseURI).href };
}

/** Shows the parts that belong to the chosen model. */
function showModel(): void {
  const isText = controls.model === 'charlm';
  element('digits', HTMLElement).hidden = isText;
  element('text', HTMLElement).hidden = !isText;
  countItems(isText ? 'Characters' : 'Images');
  showPhase();
}

/** Switches on what can be used in this phase. */
function showPhase(): void {
  const usable = present === controls.model;
  controls.show(phase, message, usable);
  const answers = usable && phase !== 'preparing' && phase !== 'lost';
  reader.usable = answers && controls.model !== 'charlm';
  writer.usable = answers && controls.model === 'charlm';
}

function receive(report: Report): void {
  showFigures(report);
  switch (report.type) {
    case 'phase':
      ({ phase, message } = report);
      showPhase();
      break;
    case 'device':
      element('device-message', HTMLElement).textContent = report.message;
      break;
    case 'weights':
      if (report.anew) present = coming;
      for (const curve of [losses, accuracies]) curve.cutAfter(report.anew ? undefined : report.step);
      break;
    case 'steps':
      for (const { step, loss } of report.losses) losses.add(0, step, loss);
      break;
    case 'scores':
      losses.add(1, report.step, report.test.loss);
      accuracies.add(0, report.step, report.training.accuracy);
      accuracies.add(1, report.step, report.test.accuracy);
      reader.read();
      break;
    case 'answer':
      reader.show(report.probabilities);
      break;
    case 'text':
      writer.show(report.text, report.done);
      break;
    case 'saved':
      download(report.bytes, report.name);
      break;
    case 'failed':
      reader.giveUp();
      writer.giveUp();
      controls.fail(report.message);
  }
}

worker.addEventListener('message', ({ data }: MessageEvent<Report>) => receive(data));
worker.addEventListener('error', ({ message: reason }) => {
  controls.fail(`The worker that trains the model has ended (${reason || 'it could not be loaded'}): reload the page.`);
});
// For tests: see README.md.
addEventListener('knet-lose-device', () => send({ type: 'lose' }));

showModel();
if (address.mistakes.length > 0) controls.fail(address.mistakes.join(' '));
