/** Saving and loading models, with their optimizers. */

import { type Device, decodeSafetensors, dtypeOf, encodeSafetensors, KnetArray } from '@knet/knetarray';
import type { OptimizerTypes } from '@knet/optim';
import { host } from '#knet-host';
import { Decoder, Encoder, type Json } from './structure.js';

/** Options of {@link load}. */
export interface LoadOptions {
  /** Where the arrays are put; default the current device. */
  device?: Device | string;
  /** Optimizer classes besides those of Knet, by their `type`. */
  optimizers?: OptimizerTypes;
}

/** Under which the structure stands in the file's metadata. */
const KEY = 'knet';

/**
 * Bytes of a safetensors file with a whole structure: arrays (also in `param`), numbers, strings, booleans, null, typed arrays and
 * optimizers with their state, in lists, plain objects and Maps. Other programs find the arrays under names like `layers.0.w`, with
 * their shape reversed, because the format counts dimensions in the other direction. The same structure gives the same bytes.
 *
 * The elements are those of the moment of the call, whatever is written to the arrays before the promise is kept.
 *
 * @throws TypeError with the path for what cannot be stored: functions, objects of other classes, containers that contain themselves
 */
export async function saveBytes(tree: unknown): Promise<Uint8Array> {
  const encoder = new Encoder();
  const structure = encoder.encode(tree);
  // All reads are asked for before the first is awaited, so that they see one moment.
  const tensors = await Promise.all(
    encoder.stored.map(async ({ name, data }) => {
      if (!(data instanceof KnetArray)) return { name, dtype: dtypeOf(data), shape: [data.length], data };
      const { dtype, shape } = data;
      return { name, dtype, shape, data: await data.data() };
    }),
  );
  return encodeSafetensors(tensors, { [KEY]: JSON.stringify(structure) });
}

/**
 * The structure of {@link saveBytes}. A safetensors file of another program gives an object with its arrays by name.
 *
 * @param bytes - the whole file
 * @throws Error when the bytes are no such file; TypeError for an unknown optimizer class, or a dtype that the device lacks
 */
export async function loadBytes<T = unknown>(bytes: Uint8Array, { device, optimizers = {} }: LoadOptions = {}): Promise<T> {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const decoder = new Decoder(new Map(tensors.map(tensor => [tensor.name, tensor])), device, optimizers);
  const text = metadata[KEY];
  const tree: unknown =
    text === undefined ? Object.fromEntries(tensors.map(({ name }) => [name, decoder.array(name)])) : decoder.decode(parse(text));
  // What a file holds is known to its reader alone.
  return tree as T;
}

/**
 * Writes a structure to a file (see {@link saveBytes}), in one step: a failure leaves the file that was there.
 *
 * @throws Error with file and reason when it cannot be written; in browsers always (use {@link saveBytes})
 *
 * @example
 * await save('model.safetensors', { w, state, vocabulary, epoch });
 */
export async function save(file: string, tree: unknown): Promise<void> {
  const bytes = await saveBytes(tree);
  await naming('save', file, 'written', host.writeFile(file, bytes));
}

/**
 * Reads what {@link save} wrote: equal values in an equal structure, bit for bit.
 *
 * @typeParam T - what the file is known to hold; it is not checked
 * @throws Error with file and reason when it cannot be read or is no such file; in browsers always (use {@link loadBytes})
 *
 * @example
 * const { w, state } = await load<{ w: KnetArray[]; state: Adam[] }>('model.safetensors');
 */
export async function load<T = unknown>(file: string, options?: LoadOptions): Promise<T> {
  const bytes = await naming('load', file, 'read', host.readFile(file));
  return naming('load', file, 'used', loadBytes<T>(bytes, options));
}

async function naming<T>(caller: string, file: string, done: string, result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${caller}: ${file} cannot be ${done}: ${reason}`, { cause });
  }
}

function parse(text: string): Json {
  return JSON.parse(text) as Json;
}
