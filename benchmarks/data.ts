import { dataFile } from '#files';
import { housingTable, mnistImages, mnistLabels } from './data-files.js';
import type { RunOptions } from './harness/contract.js';

/**
 * Data and first weights that every side shares, as flat arrays. Weight matrices are `[inputs, outputs]` with the outputs
 * fastest: row-major `[inputs, outputs]` for the peers and, byte for byte, column-major `[outputs, inputs]` for Knet. In the
 * same way `[instances, features]` row-major is `[features, instances]` column-major, and filters are OIHW row-major, which
 * is `[W1, W2, I, O]` column-major. So all sides start from the same numbers, and their losses can be compared.
 */

/** A seeded stream of uniform numbers in [0, 1): the mulberry32 generator, 32 bits of state. */
export function randomStream(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `length` uniform numbers in ±`limit`. */
export function uniform(length: number, limit: number, seed: number): Float32Array {
  const next = randomStream(seed);
  return Float32Array.from({ length }, () => (2 * next() - 1) * limit);
}

/** Xavier (Glorot) uniform numbers for a weight with these fans. */
export function xavier(length: number, fanIn: number, fanOut: number, seed: number): Float32Array {
  return uniform(length, Math.sqrt(6 / (fanIn + fanOut)), seed);
}

/** Boston housing: 506 instances of 13 normalised attributes (attribute fastest) and 506 targets. */
export function housing(): { x: Float32Array; y: Float32Array; instances: number; features: number } {
  const rows = new TextDecoder().decode(dataFile(housingTable)).trim().split('\n');
  const table = rows.map(row => row.trim().split(/\s+/).map(Number));
  const instances = table.length;
  const features = 13;
  const x = new Float32Array(instances * features);
  for (let j = 0; j < features; j++) {
    const column = table.map(row => row[j]!);
    const mean = column.reduce((sum, v) => sum + v, 0) / instances;
    const deviation = Math.sqrt(column.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (instances - 1));
    column.forEach((v, i) => {
      x[i * features + j] = (v - mean) / deviation;
    });
  }
  return { x, y: Float32Array.from(table, row => row[features]!), instances, features };
}

/** One minibatch of MNIST. */
export interface Batch {
  /** `size` images of 784 pixels in [0, 1], pixel fastest. */
  x: Float32Array;
  /** `size` one-hot rows of 10. */
  y: Float32Array;
}

/** The training images of MNIST in order, as batches: as many as a sample takes steps, or all 60,000 images. */
export function mnistBatches({ batch: size, warmup, steps }: Pick<RunOptions, 'batch' | 'warmup' | 'steps'>): Batch[] {
  const images = dataFile(mnistImages).subarray(16);
  const labels = dataFile(mnistLabels).subarray(8);
  return Array.from({ length: Math.min(warmup + steps, Math.floor(labels.length / size)) }, (_, b) => {
    const x = Float32Array.from(images.subarray(b * size * 784, (b + 1) * size * 784), pixel => pixel / 255);
    const y = new Float32Array(size * 10);
    for (let i = 0; i < size; i++) y[i * 10 + labels[b * size + i]!] = 1;
    return { x, y };
  });
}

/** Sizes of the language model; batch and length are those of the whole workload. */
export const charlm = { vocabulary: 84, batch: 128, length: 100, hidden: 256, embed: 256 } as const;

/**
 * Seeded character ids for one step of the language model: `length + 1` time steps of `batch` ids. Small ids are more frequent,
 * as letters are in a text, so that there is something to learn.
 */
export function characters(step: number, { batch, length }: { batch: number; length: number } = charlm): Int32Array {
  const next = randomStream(1000 + step);
  return Int32Array.from({ length: (length + 1) * batch }, () => Math.floor(charlm.vocabulary * next() ** 2));
}

/** `data` seen as row-major `[rows, columns]`, transposed. */
export function transpose(data: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = data[i * columns + j]!;
  return out;
}
