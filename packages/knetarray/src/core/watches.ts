/** Noticing that the garbage collector took what the user dropped. */
import type { Backend, Storage, WeakReference } from '../backend.js';
import type { DType } from './dtype.js';

/**
 * What is known of a buffer that the user may drop; it must not refer to the buffer itself. A class: it outlives the buffer until somebody
 * looks, and V8, which counts that for object literals, would go on to make literals and what is made beside them where it looks for garbage
 * least often - dropped arrays among them.
 */
export class Watch {
  /** Where it stands among the watches of its manager. */
  place = 0;

  constructor(
    public dtype: DType,
    public length: number,
    public storage: Storage,
    /** Polled under pressure. */
    readonly ref: WeakReference,
  ) {}
}

/** What an ended watch refers to. */
const nowhere: Storage = {};

/** Gaps in the list of watches that nobody minds. */
const fewGaps = 64;

/** Ended watches that are kept. */
const mostSpare = 1024;

/** The watches of a memory manager, in the order in which they began. */
export class Watches {
  /** Those that ended have left a gap. */
  #list: (Watch | undefined)[] = [];
  #gaps = 0;
  /** Ended watches that are used again: new ones would be copied by each collection that finds them in use. */
  readonly #spare: Watch[] = [];

  constructor(private readonly backend: Backend) {}

  /** How many there are. */
  get count(): number {
    return this.#list.length - this.#gaps;
  }

  /** Watches a target, which shows a storage. */
  begin(target: object, dtype: DType, length: number, storage: Storage): Watch {
    const watch = this.#make(target, dtype, length, storage);
    // Closed when there are more gaps than watches.
    if (this.#gaps > fewGaps && this.#gaps * 2 > this.#list.length) {
      this.#list = this.#list.filter(other => other !== undefined);
      for (let i = 0; i < this.#list.length; i++) this.#list[i]!.place = i;
      this.#gaps = 0;
    }
    watch.place = this.#list.push(watch) - 1;
    return watch;
  }

  /** Ends a watch. False where it had ended before. */
  end(watch: Watch): boolean {
    if (this.#list[watch.place] !== watch) return false;
    watch.ref.release?.();
    this.#list[watch.place] = undefined;
    this.#gaps++;
    if (watch.ref.renew !== undefined && this.#spare.length < mostSpare) {
      watch.storage = nowhere;
      this.#spare.push(watch);
    }
    return true;
  }

  /**
   * Tells of each watch whose target is gone, the newest first: the pool then hands out the oldest storages first, and they play the same
   * parts in a training step as before.
   */
  poll(gone: (watch: Watch) => void): void {
    for (let i = this.#list.length - 1; i >= 0; i--) {
      const watch = this.#list[i];
      if (watch !== undefined && watch.ref.deref() === undefined) gone(watch);
    }
  }

  #make(target: object, dtype: DType, length: number, storage: Storage): Watch {
    const watch = this.#spare.pop();
    if (watch === undefined) return new Watch(dtype, length, storage, this.backend.weakReference?.(target) ?? new WeakRef(target));
    watch.dtype = dtype;
    watch.length = length;
    watch.storage = storage;
    watch.ref.renew?.(target);
    return watch;
  }
}
