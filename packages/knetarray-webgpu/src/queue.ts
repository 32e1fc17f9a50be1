/** The command queue: dispatches are recorded, and submitted many at a time, in order. */
import { DeviceLostError } from '@knet/knetarray';
import { isNode, usage } from './gpu.js';
import { Naps } from './naps.js';
import { Params } from './params.js';
import { Compiler, type Shader } from './shader.js';
import type { GpuStorage } from './storage.js';

/** Dispatches after which a command buffer is submitted. */
export const maxDispatches = 128;
const ringBytes = 65536;
/** Submits that the device may be behind while a loop goes on. */
const maxBehind = 2;

/** What the queue did so far. */
export interface QueueCounts {
  dispatches: number;
  submits: number;
}

/** Told of every dispatch while it records; see `profile`. */
export interface PassRecorder {
  /** Where the pass of the next dispatch writes its times. */
  next(name: string): GPUComputePassTimestampWrites | undefined;
  /** Adds what it needs to the end of a command buffer. */
  finish(encoder: GPUCommandEncoder): void;
  /** The command buffer was submitted. */
  submitted(): void;
}

/** Records and submits the work of one device. */
export class Queue {
  readonly counts: QueueCounts = { dispatches: 0, submits: 0 };
  readonly compiler: Compiler;
  readonly params = new Params(ringBytes);
  recorder: PassRecorder | undefined;
  /** Number of the command buffer that is being recorded. */
  #serial = 0;
  #recorded = 0;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #pipeline: GPUComputePipeline | undefined;
  readonly #uniforms: GPUBuffer;
  readonly #doomed: GPUBuffer[] = [];
  /** When the submits that a loop waits for are done. */
  readonly #running: Promise<unknown>[] = [];
  #marked = 0;
  /** In Node, where waiting takes a core. */
  readonly #naps = isNode() ? new Naps() : undefined;
  #waiting: (() => void) | undefined;
  /** Why nothing can be computed any more, if so. */
  #failure: string | undefined;
  /** Error scopes of which nothing was heard yet. */
  readonly #watched = new Set<Promise<void>>();
  readonly #maxGroups: number;
  readonly #offsets = new Uint32Array(1);

  constructor(readonly device: GPUDevice) {
    this.#uniforms = device.createBuffer({ size: ringBytes, usage: usage.uniform | usage.copyTarget });
    this.compiler = new Compiler(device, this.#uniforms, (errors, what) => this.watchErrors(errors, what));
    this.#maxGroups = device.limits.maxComputeWorkgroupsPerDimension;
    void device.lost.then(({ reason, message }) => {
      this.fail(`the device was lost (${reason}${message === '' ? '' : `: ${message}`})`);
    });
    device.addEventListener('uncapturederror', event => this.fail(event.error.message));
  }

  /** From now on every call throws: results that were on their way are lost. */
  fail(reason: string): void {
    this.#failure ??= reason;
    this.#waiting = undefined;
  }

  /** @throws DeviceLostError when the device was lost, or failed */
  check(): void {
    if (this.#failure === undefined) return;
    throw new DeviceLostError(`webgpu: ${this.#failure}. Open a new device with webgpuBackend() and load the weights again.`);
  }

  /** Fails when an error scope has caught something. */
  watchErrors(errors: Promise<GPUError | null>, what: string): void {
    const watched: Promise<void> = errors
      .then(
        error => {
          if (error !== null) this.fail(`${what} (${error.message})`);
        },
        // The device is gone, and its own promise tells why.
        () => undefined,
      )
      .then(() => {
        this.#watched.delete(watched);
      });
    this.#watched.add(watched);
  }

  /** Waits until it is known whether what was submitted so far is valid. @throws DeviceLostError when it is not */
  async settled(): Promise<void> {
    if (this.#watched.size > 0) await Promise.all(this.#watched);
    this.check();
  }

  /** Work that is to be recorded before anything else is: see {@link Queue.settle}. */
  wait(record: () => void): void {
    this.#waiting = record;
  }

  /** Has what waits recorded. */
  settle(): void {
    const record = this.#waiting;
    if (record === undefined) return;
    this.#waiting = undefined;
    record();
  }

  /** Begins the parameters of the next dispatch. */
  begin(): Params {
    this.settle();
    if (!this.params.room) this.flush();
    return this.params.begin();
  }

  /** Records a dispatch with the parameters written since {@link Queue.begin}. Operands: inputs, then outputs, as the shader has them. */
  dispatch(shader: Shader, operands: readonly GpuStorage[], workgroups: number): void {
    this.check();
    const variant = shader.variant(this.compiler, operands);
    const pass = this.#openPass(shader.name);
    if (this.#pipeline !== variant.pipeline) {
      pass.setPipeline(variant.pipeline);
      this.#pipeline = variant.pipeline;
    }
    this.#offsets[0] = this.params.offset;
    pass.setBindGroup(0, variant.layout.group(variant.shown, operands), this.#offsets, 0, 1);
    const most = this.#maxGroups;
    if (workgroups <= most) pass.dispatchWorkgroups(workgroups);
    else {
      // Spread evenly over two dimensions; the shader leaves when its number is too high.
      const rows = Math.ceil(workgroups / most);
      if (rows > most)
        throw new RangeError(`webgpu: ${shader.name} needs ${workgroups} workgroups; maxComputeWorkgroupsPerDimension is ${most}`);
      pass.dispatchWorkgroups(Math.ceil(workgroups / rows), rows);
    }
    this.markUsed(operands);
    this.counts.dispatches++;
    if (++this.#recorded >= maxDispatches) this.flush();
  }

  /** Notes that commands which are not submitted yet use these storages. */
  markUsed(storages: readonly GpuStorage[]): void {
    for (let k = 0; k < storages.length; k++) storages[k]!.usedBy = this.#serial;
  }

  /** Records a copy between buffers. */
  copy(from: GPUBuffer, fromOffset: number, to: GPUBuffer, toOffset: number, bytes: number): void {
    this.check();
    this.settle();
    this.#closePass();
    this.#encoder ??= this.device.createCommandEncoder();
    this.#encoder.copyBufferToBuffer(from, fromOffset, to, toOffset, bytes);
    this.#recorded++;
  }

  /** Uploads bytes, in order with the dispatches. `data` is a multiple of 4 bytes. */
  write(storage: GpuStorage, offset: number, data: Uint8Array): void {
    this.check();
    this.settle();
    // The upload happens before commands that are not submitted yet; those that use the storage have to go first.
    if (storage.usedBy === this.#serial && this.#recorded > 0) this.flush();
    const { buffer } = data;
    // What lies in shared memory may change under the copy, so that WebGPU does not take it.
    const plain = buffer instanceof ArrayBuffer ? data : new Uint8Array(data);
    this.device.queue.writeBuffer(storage.buffer, storage.offset + offset, plain.buffer, plain.byteOffset, plain.byteLength);
  }

  /** Submits what was recorded. */
  flush(): void {
    this.settle();
    this.#closePass();
    const encoder = this.#encoder;
    if (encoder !== undefined) {
      this.recorder?.finish(encoder);
      const { params } = this;
      if (params.used > 0) this.device.queue.writeBuffer(this.#uniforms, 0, params.host, 0, params.used);
      params.reset();
      this.device.pushErrorScope('validation');
      this.device.queue.submit([encoder.finish()]);
      this.watchErrors(this.device.popErrorScope(), 'the GPU refused the commands');
      this.recorder?.submitted();
      this.#encoder = undefined;
      this.counts.submits++;
      this.#serial++;
      this.#recorded = 0;
    }
    for (const buffer of this.#doomed) buffer.destroy();
    this.#doomed.length = 0;
  }

  /** Submits, and waits while the device is more than {@link maxBehind} submits behind. */
  async ready(): Promise<void> {
    this.check();
    this.flush();
    const { counts } = this;
    const news = counts.submits - this.#marked;
    if (this.#naps !== undefined) {
      // Now and then for all of them: nobody waits in between.
      if (news <= maxBehind) return;
      this.#marked = counts.submits;
      await this.patiently(() => this.device.queue.onSubmittedWorkDone()).catch(() => undefined);
    } else {
      if (news === 0) return;
      this.#marked = counts.submits;
      this.#running.push(this.device.queue.onSubmittedWorkDone());
      // A lost device ends its work at once; that it is lost shows at the next call.
      if (this.#running.length > maxBehind) await this.#running.shift()?.catch(() => undefined);
    }
    this.check();
  }

  /** Waits for the device in the way that suits the platform. */
  patiently<T>(wait: () => Promise<T>): Promise<T> {
    return this.#naps === undefined ? wait() : this.#naps.before(wait);
  }

  /** Destroys a buffer as soon as the commands that use it are submitted. */
  destroyLater(buffer: GPUBuffer): void {
    this.settle();
    if (this.#encoder === undefined) buffer.destroy();
    else this.#doomed.push(buffer);
  }

  #openPass(name: string): GPUComputePassEncoder {
    const times = this.recorder?.next(name);
    if (times !== undefined) this.#closePass();
    if (this.#pass === undefined) {
      this.#encoder ??= this.device.createCommandEncoder();
      this.#pass = this.#encoder.beginComputePass(times === undefined ? undefined : { timestampWrites: times });
      this.#pipeline = undefined;
    }
    return this.#pass;
  }

  #closePass(): void {
    this.#pass?.end();
    this.#pass = undefined;
    this.#pipeline = undefined;
  }
}
