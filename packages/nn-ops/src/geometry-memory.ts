/** Geometries that were worked out before. */
import type { PerDimension } from './spatial.js';

interface Entry<Geometry> {
  readonly key: readonly number[];
  readonly geometry: Geometry;
}

/** Geometries that are kept; sequences of ever new lengths would gather more. */
const mostGeometries = 1024;

/**
 * Geometries by the numbers that they were worked out from. The layers of a model meet the same sizes at every step; they are checked
 * once, and backends recognise the object of a geometry and know what they did with it.
 */
export class GeometryMemory<Geometry> {
  readonly #entries = new Map<number, Entry<Geometry>[]>();
  #size = 0;

  /** The geometry for these numbers, made the first time. */
  get(key: readonly number[], make: () => Geometry): Geometry {
    let hash = key.length;
    for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key[i]!) | 0;
    const entries = this.#entries.get(hash);
    if (entries !== undefined) for (const entry of entries) if (equal(entry.key, key)) return entry.geometry;
    const geometry = make();
    if (this.#size >= mostGeometries) {
      this.#entries.clear();
      this.#size = 0;
    }
    const known = this.#entries.get(hash);
    if (known === undefined) this.#entries.set(hash, [{ key, geometry }]);
    else known.push({ key, geometry });
    this.#size++;
    return geometry;
  }
}

function equal(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Adds an option to a key: its number, or how many and each of them. */
export function putOption(key: number[], option: PerDimension): void {
  if (typeof option === 'number') key.push(-1, option);
  else key.push(option.length, ...option);
}
