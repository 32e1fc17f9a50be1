/**
 * A structure as JSON and a list of arrays. Strings, booleans, null and finite numbers stand for themselves, lists and plain objects
 * too; everything else is an object with the key `$`, which says what it is.
 */
import {
  array,
  boxEntry,
  type Device,
  type DType,
  formatPath,
  isBox,
  KnetArray,
  type Path,
  param,
  type TypedArray,
  type Value,
  value,
} from '@knet/knetarray';
import { Optimizer, type OptimizerState, type OptimizerTypes, restoreOptimizer } from '@knet/optim';

/** JSON as it is parsed. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Elements to be stored under a name. */
export interface Stored {
  readonly name: string;
  readonly data: KnetArray | TypedArray;
}

/** Takes a structure apart. */
export class Encoder {
  readonly stored: Stored[] = [];
  readonly #names = new Map<object, string>();
  readonly #taken = new Set<string>();
  readonly #open = new Set<object>();

  /**
   * The JSON of a value; its arrays are collected in `stored`. An array that occurs twice is stored once.
   * @throws TypeError with the path for what cannot be stored
   */
  encode(x: unknown, path: Path = []): Json {
    switch (typeof x) {
      case 'string':
      case 'boolean':
        return x;
      case 'number':
        return Number.isFinite(x) && !Object.is(x, -0) ? x : { $: 'number', value: Object.is(x, -0) ? '-0' : String(x) };
      case 'undefined':
        return { $: 'undefined' };
      case 'object':
        return x === null ? null : this.#object(x, path);
      default:
        throw unstorable(path, `a ${typeof x}`);
    }
  }

  #object(x: object, path: Path): Json {
    if (isBox(x)) return this.#box(x, path);
    if (x instanceof KnetArray) return { $: 'array', name: this.#store(x, path) };
    if (isElements(x)) return { $: 'elements', name: this.#store(x, path) };
    if (this.#open.has(x)) throw unstorable(path, 'a container that contains itself');
    this.#open.add(x);
    try {
      return this.#container(x, path);
    } finally {
      this.#open.delete(x);
    }
  }

  #container(x: object, path: Path): Json {
    if (Array.isArray(x)) return Array.from(x, (item: unknown, i) => this.encode(item, [...path, i]));
    if (x instanceof Map) {
      const entries = [...x].map(([key, item]) => [this.encode(key, path), this.encode(item, [...path, String(key)])]);
      return { $: 'map', entries };
    }
    if (x instanceof Optimizer) {
      const { type, step, options, slots } = x.state();
      return { $: 'optimizer', type, step, options: this.encode(options, path), slots: this.encode(slots, path) };
    }
    const prototype: unknown = Object.getPrototypeOf(x);
    if (prototype !== Object.prototype && prototype !== null) throw unstorable(path, `an object of class ${x.constructor.name}`);
    const items = Object.entries(x).map(([key, item]): [string, Json] => [key, this.encode(item, [...path, key])]);
    return Object.hasOwn(x, '$') ? { $: 'object', entries: items } : Object.fromEntries(items);
  }

  #box(x: object, path: Path): Json {
    // A parameter at rest is a box too; one that is being differentiated has no value of its own to keep.
    if (isBox(x) && !x[boxEntry].param) throw unstorable(path, 'a value that is being differentiated');
    return { $: 'param', value: this.encode(value(x), path) };
  }

  #store(data: KnetArray | TypedArray, path: Path): string {
    const known = this.#names.get(data);
    if (known !== undefined) return known;
    const wanted = path.length === 0 ? 'value' : path.join('.');
    let name = wanted;
    for (let i = 2; this.#taken.has(name) || name === '__metadata__'; i++) name = `${wanted}#${i}`;
    this.#taken.add(name);
    this.#names.set(data, name);
    this.stored.push({ name, data });
    return name;
  }
}

/** An array of a file. */
export interface StoredTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** Puts a structure together again. */
export class Decoder {
  readonly #arrays = new Map<string, KnetArray>();

  constructor(
    readonly tensors: ReadonlyMap<string, StoredTensor>,
    readonly device: Device | string | undefined,
    readonly types: OptimizerTypes,
  ) {}

  /** The value that a JSON stands for. @throws Error when it is none of ours */
  decode(json: Json | undefined): unknown {
    if (json === undefined) throw malformed('a part is missing');
    if (typeof json !== 'object' || json === null) return json;
    if (isList(json)) return json.map(item => this.decode(item));
    if (!Object.hasOwn(json, '$')) return this.#members(json);
    switch (json.$) {
      case 'number':
        return Number(json.value);
      case 'undefined':
        return undefined;
      case 'array':
        return this.array(json.name);
      case 'elements':
        return this.#tensor(json.name).data;
      case 'map':
        return new Map(pairs(json.entries).map(([key, item]) => [this.decode(key), this.decode(item)]));
      case 'object':
        return Object.fromEntries(pairs(json.entries).map(([key, item]) => [String(key), this.decode(item)]));
      case 'param':
        // Only numbers and arrays were written as parameters; param checks it.
        return param(this.decode(json.value) as Value);
      case 'optimizer':
        return this.#optimizer(json);
      default:
        throw malformed(`there is nothing of the kind ${JSON.stringify(json.$)}`);
    }
  }

  #members(json: { readonly [key: string]: Json }): Record<string, unknown> {
    return Object.fromEntries(Object.entries(json).map(([key, item]) => [key, this.decode(item)]));
  }

  /** The array of a name, made once. */
  array(name: Json | undefined): KnetArray {
    const { dtype, shape, data } = this.#tensor(name);
    const known = this.#arrays.get(String(name));
    if (known !== undefined) return known;
    const made = array(data, { shape, dtype, device: this.device });
    this.#arrays.set(String(name), made);
    return made;
  }

  #tensor(name: Json | undefined): StoredTensor {
    const found = typeof name === 'string' ? this.tensors.get(name) : undefined;
    if (found === undefined) throw malformed(`there is no array named ${JSON.stringify(name)}`);
    return found;
  }

  #optimizer({ type, step, options, slots }: { readonly [key: string]: Json }): Optimizer {
    if (typeof type !== 'string' || typeof step !== 'number') throw malformed('an optimizer has no type or no step');
    // restore checks the names, and schedules what they are made of.
    const state = { type, step, options: this.decode(options), slots: this.decode(slots) } as OptimizerState;
    return restoreOptimizer(state, this.types);
  }
}

function isList(json: Json): json is readonly Json[] {
  return Array.isArray(json);
}

function pairs(json: Json | undefined): [Json, Json][] {
  if (json === undefined || !isList(json)) throw malformed('a list of entries is missing');
  return json.map(entry => {
    if (!isList(entry) || entry.length !== 2) throw malformed('an entry is no pair');
    return [entry[0]!, entry[1]!];
  });
}

/** Typed arrays that files can hold. Their subclasses, such as Buffer, would come back as something else. */
function isElements(x: object): x is TypedArray {
  return [Float32Array, Float64Array, Int32Array, Uint8Array].some(Elements => x.constructor === Elements);
}

function unstorable(path: Path, what: string): TypeError {
  return new TypeError(
    `save: ${what} at ${formatPath(path)} cannot be stored; numbers, strings, booleans, null, arrays, typed arrays, optimizers, lists, plain objects and Maps can`,
  );
}

function malformed(what: string): Error {
  return new Error(`load: the stored structure is damaged: ${what}`);
}
