/** The card with which a training is controlled. */
import { type DeviceChoice, deviceChoices, type ModelName, modelNames, type Phase } from '../protocol.js';
import { onPress, switchTo } from './buttons.js';
import { element, say } from './elements.js';

/** What the user may ask for. */
export interface Actions {
  start(): void;
  pause(): void;
  resume(): void;
  stop(): void;
  save(): void;
  load(file: File): void;
  recover(): void;
  /** Another model was chosen. */
  choose(): void;
}

export class Controls {
  readonly #model = element('model', HTMLSelectElement);
  readonly #device = element('device', HTMLSelectElement);
  readonly #start = element('start', HTMLButtonElement);
  readonly #stop = element('stop', HTMLButtonElement);
  readonly #save = element('save', HTMLButtonElement);
  readonly #load = element('load', HTMLButtonElement);
  readonly #file = element('file', HTMLInputElement);
  readonly #problem = element('problem', HTMLElement);
  readonly #recover = element('recover', HTMLButtonElement);
  readonly #dismiss = element('dismiss', HTMLButtonElement);
  #phase: Phase = 'idle';

  constructor(chosen: { model: ModelName; device: DeviceChoice }, actions: Actions) {
    this.#model.value = chosen.model;
    this.#device.value = chosen.device;
    this.#model.addEventListener('change', () => actions.choose());
    onPress(this.#start, () => {
      if (this.#phase === 'running') actions.pause();
      else if (this.#phase === 'paused') actions.resume();
      else {
        this.#problem.hidden = true;
        actions.start();
      }
    });
    onPress(this.#stop, () => actions.stop());
    onPress(this.#save, () => actions.save());
    onPress(this.#load, () => this.#file.click());
    this.#file.addEventListener('change', () => {
      const file = this.#file.files?.[0];
      if (file !== undefined) actions.load(file);
      // The same file may be chosen again.
      this.#file.value = '';
    });
    onPress(this.#recover, () => {
      this.#forget();
      actions.recover();
    });
    onPress(this.#dismiss, () => this.#forget());
  }

  get model(): ModelName {
    return modelNames.find(name => name === this.#model.value) ?? 'mlp';
  }

  get device(): DeviceChoice {
    return deviceChoices.find(name => name === this.#device.value) ?? 'auto';
  }

  /** @param usable - whether there are weights of the chosen model */
  show(phase: Phase, message: string, usable: boolean): void {
    this.#phase = phase;
    document.body.dataset.phase = phase;
    const resting = phase === 'idle' || phase === 'stopped' || phase === 'lost';
    say(this.#start, phase === 'running' ? 'Pause' : phase === 'paused' ? 'Resume' : 'Start');
    switchTo(phase !== 'preparing', this.#start);
    switchTo(phase === 'running' || phase === 'paused', this.#stop);
    switchTo(usable && phase !== 'preparing' && phase !== 'lost', this.#save);
    switchTo(phase !== 'preparing' && phase !== 'running' && phase !== 'lost', this.#load);
    this.#model.disabled = !resting;
    this.#device.disabled = !resting;
    say(element('status', HTMLElement), phase === 'lost' ? 'Interrupted.' : message);
    if (phase === 'lost') this.#tell(message, true);
  }

  /** Tells that something went wrong. */
  fail(message: string): void {
    this.#tell(message, this.#phase === 'lost');
  }

  /** Takes a problem off the page; the focus goes to a button that stays. */
  #forget(): void {
    this.#problem.hidden = true;
    this.#start.focus();
  }

  #tell(message: string, lost: boolean): void {
    say(element('problem-message', HTMLElement), message);
    this.#recover.hidden = !lost;
    this.#dismiss.hidden = lost;
    this.#problem.hidden = false;
  }
}
