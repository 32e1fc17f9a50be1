/** The memory manager of a device: buffers counted and reused by size class, dropped ones found through weak references. */
import type { Backend, Storage } from '../backend.js';
import { Buffer, type Contents } from './buffer.js';
import { bytesPerElement, type DType } from './dtype.js';
import { type Watch, Watches } from './watches.js';

/** The device is gone, with all that was on it: what every call of its backend throws from then on. The message says why. */
export class DeviceLostError extends Error {
  override readonly name = 'DeviceLostError';
}

/** What {@link MemoryManager.report} tells, in bytes. */
export interface MemoryReport {
  /** Bytes in use. */
  live: number;
  /** Released bytes kept for reuse. */
  pooled: number;
  /** Highest `live` so far. */
  peak: number;
  /** Most bytes that are kept for reuse. */
  limit: number;
  /** Storages in use. */
  arrays: number;
}

/**
 * Bytes handed to the user, who may have dropped them, after which they are looked for; more where what is found goes to the
 * pool, since a collection takes as long as a small training step.
 */
const collectEvery = 2 ** 24;
const sweepEvery = 2 ** 26;
/**
 * In the beginning they are looked for sooner, and each time after twice as many bytes: memory that was never touched takes longer than
 * a collection.
 */
const firstSweepEvery = 2 ** 23;

/**
 * The same for a number of arrays: small ones are worth finding too, all the more where the storages that play the parts of a training
 * step change until some come back, and with them all that a backend keeps by storage.
 */
const sweepEveryCount = 1024;
/** In the beginning they are looked for sooner, likewise, so that V8 compiles what finds them with all the rest. */
const firstSweepEveryCount = 256;

/** Bytes in use below which nobody looks for dropped arrays. */
const firstSweep = 2 ** 26;

/** Who wants to know of storages. */
export interface MemoryObserver {
  took(storage: Storage, dtype: DType, length: number): void;
  gave(storage: Storage): void;
}

/** Allocates, counts, pools and sweeps the storages of one backend. */
export class MemoryManager {
  #live = 0;
  #pooled = 0;
  #peak = 0;
  #arrays = 0;
  /** Bytes that left for the garbage collector since it was last asked to run. */
  #handedOut = 0;
  #sweepEvery = firstSweepEvery;
  #sweepEveryCount = firstSweepEveryCount;
  /** Bytes in use at which dropped arrays are looked for. */
  #sweepAt = firstSweep;
  readonly #pool = new Map<number, Storage[]>();
  /** When storages were made, and the pooled lists that finalizers have added to since they were last sorted by it. */
  readonly #made = new WeakMap<Storage, number>();
  #count = 0;
  readonly #unsorted = new Set<number>();
  readonly #watches: Watches;
  /** Watched since the last sweep. */
  #watched = 0;
  readonly #registry: FinalizationRegistry<Watch | number>;
  /** Whether finalizers tell what was dropped; a backend's own weak references can be asked at any time instead. */
  readonly #registered: boolean;

  /** Is told what is taken and given back. */
  observer: MemoryObserver | undefined = undefined;

  constructor(readonly backend: Backend) {
    this.#registered = backend.weakReference === undefined;
    this.#watches = new Watches(backend);
    this.#registry = new FinalizationRegistry(this.#gone);
    backend.onShortage?.(() => this.trim());
  }

  /**
   * A storage for at least `length` elements, from the pool or new.
   * @throws Error when the device has no memory left even after giving the pool back, DeviceLostError when it is gone
   */
  take(dtype: DType, length: number): Storage {
    const bytes = this.#capacity(dtype, length) * bytesPerElement(dtype);
    const storage = this.#fromPool(dtype, length, bytes) ?? this.#allocate(dtype, length, bytes);
    this.#live += bytes;
    this.#arrays++;
    if (this.#live > this.#peak) this.#peak = this.#live;
    this.observer?.took(storage, dtype, length);
    return storage;
  }

  /** Takes a storage back; it may be handed out again at once. */
  give(dtype: DType, length: number, storage: Storage): void {
    this.observer?.gave(storage);
    const { limits } = this.backend;
    const capacity = this.#capacity(dtype, length);
    const bytes = capacity * bytesPerElement(dtype);
    this.#live -= bytes;
    this.#arrays--;
    if (bytes < limits.minPooledBytes || this.#pooled + bytes > limits.maxPooledBytes) {
      this.backend.release(storage);
      return;
    }
    const key = poolKey(dtype, capacity);
    const list = this.#pool.get(key);
    if (list === undefined) this.#pool.set(key, [storage]);
    else list.push(storage);
    this.#pooled += bytes;
  }

  /** A buffer around a new storage. */
  buffer(dtype: DType, length: number, storage: Storage = this.take(dtype, length)): Buffer {
    return new Buffer(this, dtype, length, storage);
  }

  /** Watches for the collection of a buffer that the user holds. */
  watch(buffer: Buffer): void {
    this.#watch(buffer, buffer.dtype, buffer.length, buffer.storage);
  }

  /** Watches for the collection of replaced contents. */
  watchContents(contents: Contents, dtype: DType, length: number): void {
    this.#watch(contents, dtype, length, contents.storage);
  }

  /** Ends a watch: the buffer was released by hand. */
  unwatch(watched: Buffer | Contents): void {
    const { watch } = watched;
    if (watch === undefined) return;
    watched.watch = undefined;
    if (typeof watch === 'object') this.#watches.end(watch);
    if (this.#registered) this.#registry.unregister(watched);
  }

  /** Takes back what the user has dropped and the garbage collector has found. */
  sweep(): void {
    this.#collectSoon();
    if (this.#registered) this.#watches.poll(this.#gone);
  }

  /**
   * Asks for a collection. What it finds is polled for only where finalizers do not tell: asking a `WeakRef` keeps what it refers to
   * until the turn ends, and with it all that a collection which has just begun was to find.
   */
  #collectSoon(): void {
    if (this.#handedOut > this.#sweepEvery) this.#sweepEvery = Math.min(sweepEvery, 2 * this.#sweepEvery);
    if (this.#watched > this.#sweepEveryCount) this.#sweepEveryCount = Math.min(sweepEveryCount, 2 * this.#sweepEveryCount);
    this.#handedOut = 0;
    this.#watched = 0;
    this.backend.collectGarbage?.();
    if (!this.#registered) this.#watches.poll(this.#gone);
  }

  /** Gives every pooled storage back to the device. */
  trim(): void {
    for (const list of this.#pool.values()) for (const storage of list) this.backend.release(storage);
    this.#pool.clear();
    this.#unsorted.clear();
    this.#pooled = 0;
  }

  /** Bytes live, pooled and at the peak. */
  report(): MemoryReport {
    if (!this.#registered) this.#watches.poll(this.#gone);
    return { live: this.#live, pooled: this.#pooled, peak: this.#peak, limit: this.backend.limits.maxPooledBytes, arrays: this.#arrays };
  }

  #watch(watched: Buffer | Contents, dtype: DType, length: number, storage: Storage): void {
    if (watched.watch !== undefined) return;
    const { backend } = this;
    const bytes = this.#capacity(dtype, length) * bytesPerElement(dtype);
    // The garbage collector frees typed arrays, so only their bytes are noted: finalizers do not run inside a synchronous
    // loop, and a note that held the storage would keep it alive all that time.
    watched.watch = backend.collected ? bytes : this.#watches.begin(watched, dtype, length, storage);
    if (this.#registered) this.#registry.register(watched, watched.watch, watched);
    this.#handedOut += bytes;
    // Looking costs some time for every watched array, so at least a quarter of them must be new.
    this.#watched++;
    const many =
      this.#handedOut > (backend.collected ? collectEvery : this.#sweepEvery) ||
      (!backend.collected && this.#watched > this.#sweepEveryCount);
    if (many && this.#watched * 4 > this.#watches.count && backend.collectGarbage !== undefined) this.#collectSoon();
  }

  /** What was watched is gone. A sweep may have noticed it before its finalizer ran. */
  readonly #gone = (watch: Watch | number): void => {
    if (typeof watch === 'number') {
      this.#live -= watch;
      this.#arrays--;
    } else {
      const { dtype, length, storage } = watch;
      if (!this.#watches.end(watch)) return;
      this.give(dtype, length, storage);
      // Finalizers run in any order.
      if (this.#registered) this.#unsorted.add(poolKey(dtype, this.#capacity(dtype, length)));
    }
  };

  #fromPool(dtype: DType, length: number, bytes: number): Storage | undefined {
    if (bytes < this.backend.limits.minPooledBytes) return undefined;
    const key = poolKey(dtype, this.#capacity(dtype, length));
    const list = this.#pool.get(key);
    if (list === undefined) return undefined;
    // Taken up in the order in which they were made, storages play the same parts in a training step as before, and what a backend keeps for
    // a set of storages is found again.
    if (this.#unsorted.delete(key)) list.sort((a, b) => this.#made.get(b)! - this.#made.get(a)!);
    const storage = list.pop();
    if (storage !== undefined) this.#pooled -= bytes;
    return storage;
  }

  #allocate(dtype: DType, length: number, bytes: number): Storage {
    const { limits, name } = this.backend;
    if (bytes > limits.maxStorageBytes) {
      throw new RangeError(
        `${name}: an array of ${length} ${dtype} elements needs ${bytes} bytes; at most ${limits.maxStorageBytes} fit in one (maxStorageBytes). Split it.`,
      );
    }
    const capacity = this.#capacity(dtype, length);
    if (!this.backend.collected && this.#live > this.#sweepAt) {
      this.#collectSoon();
      // Next time when as much again has come to be in use, so that looking costs little beside what is allocated.
      this.#sweepAt = Math.max(firstSweep, 2 * this.#live);
    }
    try {
      return this.#make(dtype, capacity);
    } catch (failure) {
      // No sweep brings it back.
      if (failure instanceof DeviceLostError) throw failure;
      this.sweep();
      this.trim();
      try {
        return this.#make(dtype, capacity);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(
          `${name}: out of memory: asked for ${bytes} bytes with ${this.#live} live and ${this.#pooled} pooled (${reason}). ` +
            'Use smaller batches, or dispose() of arrays.',
        );
      }
    }
  }

  #make(dtype: DType, capacity: number): Storage {
    const storage = this.backend.allocate(dtype, capacity);
    if (!this.backend.collected && this.#registered) this.#made.set(storage, this.#count++);
    return storage;
  }

  /** Elements that are really allocated: four size classes per doubling, so that released storages fit again. */
  #capacity(dtype: DType, length: number): number {
    const size = bytesPerElement(dtype);
    if (length * size < this.backend.limits.minPooledBytes) return length;
    const quarter = length < 2 ** 31 ? 1 << Math.max(29 - Math.clz32(length), 1) : 2 ** (Math.floor(Math.log2(length)) - 2);
    return Math.ceil(length / quarter) * quarter;
  }
}

const classOf: Readonly<Record<DType, number>> = { bool: 0, uint8: 1, int32: 2, float32: 3, float64: 4, float16: 5, bfloat16: 6 };

function poolKey(dtype: DType, capacity: number): number {
  return capacity * 8 + classOf[dtype];
}
