/** Storages with those who use them. */
import type { Storage } from '../backend.js';
import type { DType } from './dtype.js';
import type { MemoryManager } from './memory.js';
import type { Watch } from './watches.js';

/** A storage as pending programs know it: what a buffer holds now, or held when they were told. */
export class Contents {
  /** Pending programs that will read it. */
  readers = 0;
  watch: Watch | number | undefined = undefined;

  constructor(readonly storage: Storage) {}
}

/** One storage with its users: arrays that show it (views included) and pending programs that will read it. */
export class Buffer {
  refs = 1;
  /** Holds of running gradient computations on arrays that show it. */
  holds = 0;
  /** The assignment that it was last part of. */
  stamp = 0;
  /** How its collection is noticed: for storages to release a {@link Watch}, else the number of bytes. */
  watch: Watch | number | undefined = undefined;
  contents: Contents;
  /** The buffer that took over the contents, with the pending programs that will read them. */
  private heir: Buffer | undefined = undefined;

  constructor(
    readonly manager: MemoryManager,
    readonly dtype: DType,
    readonly length: number,
    storage: Storage,
  ) {
    this.contents = new Contents(storage);
  }

  get storage(): Storage {
    return this.contents.storage;
  }

  /** Pending programs that will read what is in it now. */
  get readers(): number {
    return this.contents.readers;
  }

  /** One array less. */
  unref(): void {
    this.refs--;
    this.#freeIfUnused();
  }

  /** A pending program will read what is in it now. */
  addReader(): Contents {
    this.contents.readers++;
    return this.contents;
  }

  /** A pending program has read these contents, or will never do so. */
  releaseReader(contents: Contents): void {
    contents.readers--;
    let owner: Buffer = this;
    while (owner.heir !== undefined) owner = owner.heir;
    if (contents === owner.contents) owner.#freeIfUnused();
    else if (contents.readers === 0) this.#drop(contents);
  }

  /**
   * Puts the contents of another buffer in place, together with their readers; the other one is done with. Pending programs
   * that read this one keep seeing what they were given.
   */
  takeOver(other: Buffer): void {
    this.manager.unwatch(other);
    this.#put(other.contents);
    other.refs = Number.POSITIVE_INFINITY;
    other.heir = this;
  }

  /** Puts a new storage in place of the old one, likewise. */
  replace(storage: Storage): void {
    this.#put(new Contents(storage));
  }

  #put(contents: Contents): void {
    const old = this.contents;
    this.contents = contents;
    if (typeof this.watch === 'object') this.watch.storage = this.storage;
    if (old.readers === 0) this.#drop(old);
    // From now on only its readers know it: if they are dropped unread, the garbage collector has to tell.
    else this.manager.watchContents(old, this.dtype, this.length);
  }

  #drop(contents: Contents): void {
    this.manager.unwatch(contents);
    this.manager.give(this.dtype, this.length, contents.storage);
  }

  #freeIfUnused(): void {
    if (this.refs > 0 || this.readers > 0) return;
    this.manager.unwatch(this);
    this.manager.give(this.dtype, this.length, this.storage);
  }
}
