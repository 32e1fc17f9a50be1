/** Most dimensions of a view, as in native/types.h. */
const maxRank = 32;

/** Refuses shapes that the native side has no room for. */
export function checkRank(name: string, shape: readonly number[]): void {
  if (shape.length > maxRank) throw new RangeError(`${name}: an array of ${shape.length} dimensions; at most ${maxRank} are possible`);
}
