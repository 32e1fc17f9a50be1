/** Serves the requests of the page: the phases of a training, and questions to the model. */
import { seed, turn } from '@knet/knet';
import type { DeviceChoice, Job, Phase, Report, Request } from '../protocol.js';
import { type OpenDevice, openDevice } from './device.js';
import { readWeights, titles } from './file.js';
import { HostCopy } from './host-copy.js';
import type { Learner } from './learner.js';
import { newLearner } from './new-learner.js';
import { classify, save, writeText } from './questions.js';
import { Run } from './run.js';
import { Serial } from './serial.js';

/** A model in use. */
interface Session {
  readonly job: Job;
  readonly learner: Learner;
  readonly run: Run;
  readonly copy: HostCopy;
}

export class Trainer {
  /** Requests and steps take turns: nothing happens to a model in the middle of a step. */
  readonly #turns = new Serial();
  #device: OpenDevice | undefined;
  #session: Session | undefined;
  #phase: Phase = 'idle';
  #message = '';
  /** What to go back to when a lost device has been replaced. */
  #before: Phase = 'idle';
  #loops = 0;

  constructor(readonly post: (report: Report) => void) {}

  /** Serves a request when its turn comes. Whatever fails is reported. */
  serve(request: Request): Promise<void> {
    return this.#turns.run(async () => {
      try {
        await this.#do(request);
      } catch (error) {
        await this.#failed(error);
      }
    });
  }

  async #do(request: Request): Promise<void> {
    switch (request.type) {
      case 'start':
        return this.#start(request.job);
      case 'load':
        return this.#load(request.job, request.bytes);
      case 'pause':
        return this.#halt('paused', 'Paused');
      case 'stop':
        return this.#halt('stopped', 'Stopped');
      case 'resume':
        return this.#go(this.#needed());
      case 'recover':
        return this.#recover(request.device);
      case 'lose':
        return this.#lose();
      case 'save':
        return save(this.#needed(), this.post);
      case 'classify':
        return classify(this.#needed(), request.pixels, this.post);
      case 'write':
        return writeText(this.#needed(), request, this.post);
    }
  }

  async #start(job: Job): Promise<void> {
    this.#enter('preparing', 'Opening the device …');
    const session = await this.#onDevice(job, async () => {
      seed(job.settings.seed);
      return this.#adopt(job, await newLearner(job), true);
    });
    await this.#go(session);
  }

  async #load(job: Job, bytes: Uint8Array): Promise<void> {
    const [phase, message] = [this.#phase, this.#message];
    this.#enter('preparing', 'Loading the weights …');
    try {
      const { learner, copy } = await this.#onDevice(job, async () => {
        const file = await readWeights(bytes, job.model);
        return this.#adopt(job, await newLearner(job, file), true);
      });
      await copy.take(learner);
      this.#enter('paused', `Loaded ${titles[job.model]} as it was after step ${learner.step}.`);
    } catch (error) {
      this.#enter(phase, message);
      throw error;
    }
  }

  async #recover(device: DeviceChoice): Promise<void> {
    if (this.#phase !== 'lost') return;
    const message = this.#message;
    this.#enter('preparing', 'Opening another device …');
    try {
      const session = this.#needed();
      await this.#restore({ ...session.job, device }, session.copy);
    } catch (error) {
      this.#enter('lost', message);
      throw error;
    }
  }

  async #restore(job: Job, copy: HostCopy): Promise<void> {
    const session = await this.#onDevice(job, async () => {
      if (copy.bytes === undefined) throw new Error('No weights were kept.');
      return this.#adopt(job, await newLearner(job, await readWeights(copy.bytes, job.model)), false);
    });
    await session.copy.take(session.learner);
    const message = `Recovered on ${this.#device?.name} with the weights of step ${session.learner.step}.`;
    if (this.#before === 'running') await this.#go(session, message);
    else this.#enter(this.#before, message);
  }

  /** Does something on the device of a job, opened unless it is. Should it fail, the model and the device from before are still there. */
  async #onDevice<T>({ device: choice }: Job, work: () => Promise<T>): Promise<T> {
    const before = this.#device;
    const device = before?.choice === choice ? before : await this.#open(choice);
    try {
      this.#device = device;
      const result = await work();
      if (device !== before) before?.close();
      this.post({ type: 'device', name: device.name, message: device.message });
      return result;
    } catch (error) {
      if (device !== before) device.close();
      this.#device = before;
      await before?.use();
      throw error;
    }
  }

  async #open(choice: DeviceChoice): Promise<OpenDevice> {
    const device = await openDevice(choice);
    void device.lost.then(reason => this.#turns.run(async () => this.#lost(device, reason)));
    return device;
  }

  #adopt(job: Job, learner: Learner, anew: boolean): Session {
    this.#session = { job, learner, run: new Run(learner, job.settings.every, this.post), copy: new HostCopy() };
    this.post({ type: 'weights', step: learner.step, anew });
    return this.#session;
  }

  async #go(session: Session, message = ''): Promise<void> {
    this.#enter('preparing', 'Fetching what there is to learn from …');
    await session.learner.prepare();
    await session.copy.take(session.learner);
    this.#enter('running', message || `Training ${titles[session.job.model]} on ${this.#device?.name}.`);
    void this.#loop(session);
  }

  async #loop(session: Session): Promise<void> {
    // A training that was paused and resumed has a loop of its own.
    const loop = ++this.#loops;
    const goesOn = () => this.#phase === 'running' && this.#loops === loop;
    while (goesOn()) {
      await this.#turns.run(async () => {
        try {
          if (goesOn()) await this.#advance(session);
        } catch (error) {
          await this.#failed(error);
        }
      });
    }
  }

  async #advance(session: Session): Promise<void> {
    const { run, learner, copy, job } = session;
    await run.advance();
    // Between steps the requests of the page arrive.
    await turn();
    if (learner.step % job.settings.every === 0) await copy.refresh(learner);
    const { steps } = job.settings;
    if (steps > 0 && learner.step === steps) await this.#halt('paused', 'Paused, as the address of the page asks,');
  }

  async #halt(phase: 'paused' | 'stopped', word: string): Promise<void> {
    const session = this.#needed();
    if (this.#phase === 'running') {
      await session.run.settle();
      await session.copy.take(session.learner);
    }
    this.#enter(phase, `${word} after step ${session.learner.step}.`);
  }

  /** What failed may have failed because the device is gone, which its promise tells soon after. */
  async #failed(error: unknown): Promise<void> {
    const soon = new Promise<undefined>(resolve => setTimeout(resolve, 300));
    const device = this.#device;
    const reason = await Promise.race([device?.lost ?? soon, soon]);
    if (device !== undefined && reason !== undefined) return this.#lost(device, reason);
    if (this.#phase === 'running' || this.#phase === 'preparing') {
      const { step } = this.#session?.learner ?? {};
      this.#enter(step === undefined ? 'idle' : 'stopped', step === undefined ? '' : `Stopped after step ${step}.`);
    }
    this.post({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  }

  #lost(device: OpenDevice, reason: string): void {
    if (this.#device !== device) return;
    this.#device = undefined;
    const what = `${device.name} was lost (${reason.replace(/\.$/, '')})`;
    if (this.#session?.copy.bytes === undefined) {
      this.#session = undefined;
      this.#enter('idle', '');
      this.post({ type: 'failed', message: `${what}, and there were no weights yet.` });
      return;
    }
    this.#before = this.#phase === 'preparing' ? 'paused' : this.#phase;
    this.#enter('lost', `${what}; the weights of step ${this.#session.copy.step} are kept.`);
  }

  #lose(): void {
    if (this.#device === undefined || this.#device.name === 'the CPU') throw new Error('There is no device that could be lost.');
    this.#device.close();
  }

  #needed(): Session {
    if (this.#session === undefined) throw new Error('There is no model yet: start a training, or load weights.');
    return this.#session;
  }

  #enter(phase: Phase, message: string): void {
    this.#phase = phase;
    this.#message = message;
    this.post({ type: 'phase', phase, message });
  }
}
