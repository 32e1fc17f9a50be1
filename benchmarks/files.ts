import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

/** Where the data sets lie, for sides that read them in another process. */
export const dataPath = (name: string): string => fileURLToPath(new URL(`../packages/datasets/data/${name}`, import.meta.url));

/** Contents of a file of the data sets, unpacked when its name ends in `.gz`. */
export function dataFile(name: string): Uint8Array {
  const bytes = readFileSync(dataPath(name));
  return name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}
