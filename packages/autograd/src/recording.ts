/** The stack of running `diff` calls, and what a parameter stands for while one of them records. */
import { Entry, type Tape } from './tape.js';

/** A running `diff` call: its tape, and the leaf that each parameter got on it. */
export interface DiffRecording {
  readonly tape: Tape;
  readonly leaves: Map<Entry, Entry>;
}

/** Running `diff` calls, innermost last. */
export const recording: DiffRecording[] = [];

/** The entry that stands for a box now: its own, or for a parameter its leaf on the innermost running `diff`, if there is one. */
export function activeEntry(entry: Entry): Entry | undefined {
  if (!entry.param) return entry;
  const current = recording.at(-1);
  if (current === undefined) return undefined;
  let leaf = current.leaves.get(entry);
  if (leaf === undefined) {
    leaf = new Entry(current.tape, entry.value);
    current.leaves.set(entry, leaf);
  }
  return leaf;
}
