/** Measuring how long kernels take on the device, by timestamps around each dispatch. */
import { mapRead, usage } from './gpu.js';
import { maxDispatches, type PassRecorder, type Queue } from './queue.js';

/** The dispatches of one kernel. */
export interface ProfileEntry {
  /** What was computed, such as `map mul add`. */
  readonly name: string;
  readonly dispatches: number;
  /** Time on the device, of all dispatches together. */
  readonly milliseconds: number;
}

/** What `profile` has measured. As a text it is a table. */
export class Profile {
  /** Kernels, the one that took longest first. */
  readonly entries: readonly ProfileEntry[];

  constructor(entries: Iterable<ProfileEntry>) {
    this.entries = [...entries].sort(
      (a, b) => b.milliseconds - a.milliseconds || b.dispatches - a.dispatches || (a.name < b.name ? -1 : 1),
    );
  }

  /** Dispatches of all kernels. */
  get dispatches(): number {
    return this.entries.reduce((sum, entry) => sum + entry.dispatches, 0);
  }

  /** Time of all kernels on the device. */
  get milliseconds(): number {
    return this.entries.reduce((sum, entry) => sum + entry.milliseconds, 0);
  }

  /** A table: milliseconds, their share, dispatches and name of each kernel. */
  toString(): string {
    const { dispatches, milliseconds } = this;
    const row = (time: number, count: number, name: string): string => {
      const share = milliseconds === 0 ? 0 : (100 * time) / milliseconds;
      return `${time.toFixed(3).padStart(12)} ${share.toFixed(1).padStart(6)} ${String(count).padStart(11)}  ${name}`;
    };
    return [
      `${'milliseconds'.padStart(12)} ${'%'.padStart(6)} ${'dispatches'.padStart(11)}  kernel`,
      ...this.entries.map(entry => row(entry.milliseconds, entry.dispatches, entry.name)),
      row(milliseconds, dispatches, 'all'),
    ].join('\n');
  }
}

/**
 * Profiles what is dispatched while `f` runs.
 *
 * @throws Error when the device has no timestamps, when it is being profiled already, and what `f` throws
 */
export async function profile(queue: Queue, f: () => unknown): Promise<Profile> {
  if (!queue.device.features.has('timestamp-query')) {
    throw new Error(
      "webgpu: profile needs the feature 'timestamp-query', which this adapter or browser does not have; measure wall time around an awaited read instead",
    );
  }
  if (queue.recorder !== undefined) throw new Error('webgpu: profile is already running on this device; await it first');
  queue.check();
  // What was enqueued before is none of it.
  queue.flush();
  const recorder = new Timestamps(queue.device);
  queue.recorder = recorder;
  try {
    await f();
    queue.flush();
    queue.recorder = undefined;
    await recorder.finished();
    queue.check();
  } catch (error) {
    // A lost device says more than the read that failed of it.
    queue.check();
    throw error;
  } finally {
    if (queue.recorder === recorder) {
      queue.flush();
      queue.recorder = undefined;
    }
    recorder.destroy();
  }
  return new Profile(recorder.entries());
}

/** Bytes of the times of one command buffer: two numbers of 64 bits for each dispatch. */
const queries = 2 * maxDispatches;
const bytes = 8 * queries;

/** Gives each dispatch a pass of its own that writes when it began and ended, and reads the times after every submit. */
class Timestamps implements PassRecorder {
  readonly #querySet: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  /** For the next command buffers. */
  readonly #staging: GPUBuffer[] = [];
  readonly #buffers: GPUBuffer[] = [];
  /** Kernels of the dispatches in the command buffer that is being recorded. */
  #names: string[] = [];
  #copied: GPUBuffer | undefined;
  readonly #reads: Promise<void>[] = [];
  readonly #entries = new Map<string, { name: string; dispatches: number; milliseconds: number }>();

  constructor(private readonly device: GPUDevice) {
    this.#querySet = device.createQuerySet({ type: 'timestamp', count: queries });
    this.#resolved = device.createBuffer({ size: bytes, usage: usage.queryResolve | usage.copySource });
    this.#buffers.push(this.#resolved);
  }

  next(name: string): GPUComputePassTimestampWrites {
    const k = this.#names.push(name) - 1;
    return { querySet: this.#querySet, beginningOfPassWriteIndex: 2 * k, endOfPassWriteIndex: 2 * k + 1 };
  }

  finish(encoder: GPUCommandEncoder): void {
    const count = 2 * this.#names.length;
    if (count === 0) return;
    encoder.resolveQuerySet(this.#querySet, 0, count, this.#resolved, 0);
    this.#copied = this.#staging.pop() ?? this.#newStaging();
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#copied, 0, 8 * count);
  }

  submitted(): void {
    const staging = this.#copied;
    if (staging === undefined) return;
    const read = this.#read(staging, this.#names);
    // Whoever waits for it is told of its failure; until then it is no unhandled one.
    read.catch(() => undefined);
    this.#reads.push(read);
    this.#copied = undefined;
    this.#names = [];
  }

  /** All times are known. */
  async finished(): Promise<void> {
    await Promise.all(this.#reads);
  }

  entries(): Iterable<ProfileEntry> {
    return this.#entries.values();
  }

  destroy(): void {
    this.#querySet.destroy();
    for (const buffer of this.#buffers) buffer.destroy();
  }

  async #read(staging: GPUBuffer, names: readonly string[]): Promise<void> {
    await staging.mapAsync(mapRead, 0, 16 * names.length);
    const times = new BigInt64Array(staging.getMappedRange(0, 16 * names.length));
    names.forEach((name, k) => {
      let entry = this.#entries.get(name);
      if (entry === undefined) {
        entry = { name, dispatches: 0, milliseconds: 0 };
        this.#entries.set(name, entry);
      }
      entry.dispatches++;
      // Clocks of some GPUs are set back at times: such a dispatch counts as taking none.
      entry.milliseconds += Math.max(0, Number(times[2 * k + 1]! - times[2 * k]!) / 1e6);
    });
    staging.unmap();
    this.#staging.push(staging);
  }

  #newStaging(): GPUBuffer {
    const buffer = this.device.createBuffer({ size: bytes, usage: usage.mapRead | usage.copyTarget });
    this.#buffers.push(buffer);
    return buffer;
  }
}
