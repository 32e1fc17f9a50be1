/**
 * Who frees what a gradient computation makes. JavaScript runs no finalizer inside a synchronous loop, so values with memory
 * behind them ({@link Resource}) are counted: a tape holds what it recorded and what its rules captured, and frees a value
 * that it owns when the last hold goes. Values that the user made, or that left the tape, are never freed from here.
 */

/** A value with memory behind it. */
export interface Resource {
  /** How many tape entries, captured values and gradients hold it. */
  holds: number;
  /** True while a tape may free it. */
  owned: boolean;
  /** Gives its memory back; called at most once. */
  free(): void;
  /** Told when no tape owns it any more, so that its owner can watch for its collection. */
  leave(): void;
}

let open = 0;
const made: Resource[] = [];

/** Announces a new resource; returns whether a recorded function or a rule is running, whose tape then becomes its owner. */
export function track(resource: Resource): boolean {
  if (open === 0) return false;
  made.push(resource);
  return true;
}

/** Whether a recorded function or a rule is running. */
export function inScope(): boolean {
  return open > 0;
}

/** Begins to collect the resources that a recorded function or a rule makes. Returns a mark for {@link closeScope}. */
export function openScope(): number {
  open++;
  return made.length;
}

/** Ends a scope: what was made in it is owned from now on, and freed at once unless something holds it or it is `result`. */
export function closeScope(mark: number, result?: unknown): void {
  open--;
  for (let i = mark; i < made.length; i++) {
    const resource = made[i]!;
    resource.owned = true;
    if (resource.holds === 0 && resource !== result) resource.free();
  }
  while (made.length > mark) made.pop();
}

/**
 * Runs `f`, which makes values of its own on the way to its result: they are freed when it returns, or, where the rules of a
 * running gradient captured them, with its tape. The result belongs to whoever called.
 *
 * @example
 * temporaries(() => gather(x, array([2, 0], { dtype: 'int32' }))); // the list of positions is not left to the garbage collector
 */
export function temporaries<T>(f: () => T): T {
  const mark = openScope();
  let result: T | undefined;
  let mine = false;
  try {
    result = f();
    mine = isResource(result) && made.indexOf(result, mark) >= 0;
  } finally {
    closeScope(mark, result);
  }
  if (mine && isResource(result)) {
    if (open === 0) disown(result);
    else {
      result.owned = false;
      made.push(result);
    }
  }
  return result;
}

function isResource(x: unknown): x is Resource {
  return typeof x === 'object' && x !== null && 'holds' in x;
}

/** Adds a hold: until as many {@link release} calls the value is not freed by the tape that owns it, nor written in place. */
export function retain(x: unknown): void {
  if (isResource(x)) x.holds++;
}

/** Drops a hold; the last one frees a value that a tape owns. */
export function release(x: unknown): void {
  if (isResource(x) && --x.holds === 0 && x.owned) x.free();
}

/** Hands a value over to the user: no tape frees it any more. Returns whether one would have. */
export function disown(x: unknown): boolean {
  if (!isResource(x) || !x.owned) return false;
  x.owned = false;
  x.leave();
  return true;
}
