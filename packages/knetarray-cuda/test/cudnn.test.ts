/** Convolution by cuDNN, for which a library with its functions stands in that computes on the processor. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ConvolutionKind, type DType, decodeHalves, encodeHalves, isHalf, type TypedArray, type View } from '@knet/knetarray';
import { Command, convolution, missingLast } from '@knet-private/native-commands';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CudaStorage, storageOf } from '../src/storage.js';
import { cases, compare, dataOf, geometryOf, kinds } from './convolution-cases.js';
import { buildFakeCudnn } from './fake-cudnn.js';

const folder = mkdtempSync(join(tmpdir(), 'knet-cudnn-'));
const library = join(folder, 'libfake-cudnn.so');
const log = join(folder, 'log');
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

// The library has no use for memory of a GPU.
const named = process.env.KNET_CUDA_ADDON;
const addon = named?.endsWith('cuda_emu.node') ? resolve(named) : path('../build/cuda_emu.node');

beforeAll(() => {
  buildFakeCudnn(library);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Run {
  readonly name: string;
  readonly kind: ConvolutionKind;
  readonly dtype: DType;
}

/** What the addon reads of the command, but for the addresses. */
function wordsOf({ name, kind, dtype }: Run): number[] {
  const words = new Float64Array(64);
  const view = (address: number): View => ({ storage: new CudaStorage(address, dtype), dtype, shape: [1], strides: [1], offset: 0 });
  let called = false;
  const native = { convolution: () => (called = true) };
  convolution(
    { convolution: () => void native.convolution() },
    new Command('cuda', words, storage => storageOf(storage).address),
    missingLast,
    kind,
    geometryOf(cases[name]!),
    view(901),
    view(902),
    view(903),
  );
  return [...words.slice(0, words.indexOf(901))];
}

const bytesOf = (dtype: DType, data: TypedArray): Buffer => {
  const { buffer, byteOffset, byteLength } = isHalf(dtype) ? encodeHalves(data, dtype) : data;
  return Buffer.from(buffer, byteOffset, byteLength);
};

function arrayOf(dtype: DType, text: string): TypedArray {
  const { buffer } = new Uint8Array(Buffer.from(text, 'base64'));
  if (isHalf(dtype)) return decodeHalves(new Uint16Array(buffer), dtype);
  return dtype === 'float64' ? new Float64Array(buffer) : new Float32Array(buffer);
}

interface Answer {
  readonly dnn: string;
  readonly results: readonly { readonly data?: string; readonly error?: string }[];
  /** What the library has noted, one line for a convolution. */
  readonly lines: readonly string[];
}

/** Runs convolutions in a process that has these settings and arguments. */
function inChild(runs: readonly Run[], settings: NodeJS.ProcessEnv, args: readonly string[] = []): Answer {
  rmSync(log, { force: true });
  const commands = runs.map(run => {
    const [a, b, output] = dataOf(run.kind, geometryOf(cases[run.name]!), run.dtype).map(data => bytesOf(run.dtype, data));
    return { words: wordsOf(run), a: a!.toString('base64'), b: b!.toString('base64'), bytes: output!.length };
  });
  const env = { ...process.env, KNET_CUDA_ADDON: addon, KNET_CUDNN: library, KNET_FAKE_CUDNN_LOG: log, ...settings };
  const output = execFileSync(process.execPath, [path('cudnn-child.mjs'), ...args], {
    input: JSON.stringify(commands),
    env,
    maxBuffer: 2 ** 28,
  });
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
  return { ...JSON.parse(output.toString()), lines };
}

function compareAll(runs: readonly Run[], { results }: Answer): void {
  runs.forEach(({ name, kind, dtype }, i) => {
    const { data, error } = results[i]!;
    if (data === undefined) throw new Error(`${name}: ${error}`);
    compare(arrayOf(dtype, data), kind, geometryOf(cases[name]!), dtype);
  });
}

const all = (names: readonly string[], dtypes: readonly DType[]): Run[] =>
  names.flatMap(name => dtypes.flatMap(dtype => kinds.map(kind => ({ name, kind, dtype }))));

const beyond = Object.keys(cases).filter(name => name.includes('beyond 32 bits'));
const some = ['LeNet 2', 'three dimensions, everything'];

it('computes every geometry', () => {
  const names = Object.keys(cases).filter(name => !beyond.includes(name));
  const runs = all(names, ['float32', 'float64', 'float16', 'bfloat16']);
  const answer = inChild(runs, {});
  expect(answer.dnn).toBe('9.24.7');
  compareAll(runs, answer);
  // In full precision for float32, on tensor cores for float16 and bfloat16; lines and squares as images.
  expect(answer.lines).toEqual(
    runs.map(({ name, kind, dtype }) => {
      const { group = 1, x } = cases[name]!;
      return `${kind} algorithm 3 math ${dtype === 'float32' ? 3 : 1} groups ${group} rank ${x.length === 3 ? 3 : 2}`;
    }),
  );
});

it('takes tensor cores for float32 when it may', () => {
  const { lines } = inChild(all(['LeNet 2'], ['float32']), {}, ['tf32']);
  expect(lines).toEqual(kinds.map(kind => `${kind} algorithm 3 math 1 groups 1 rank 2`));
});

it('is asked again for a geometry that it knows', () => {
  const runs = [...all(some, ['float32']), ...all(some, ['float32'])];
  const answer = inChild(runs, {});
  compareAll(runs, answer);
  expect(answer.lines.length).toBe(runs.length);
});

it('leaves numbers beyond 32 bits to the own kernels', () => {
  const runs = all(beyond, ['float32']);
  const answer = inChild(runs, {});
  expect(answer.dnn).toBe('9.24.7');
  compareAll(runs, answer);
  expect(answer.lines).toEqual([]);
});

it.each(['find', 'chance', 'run'])('leaves what it cannot do to the own kernels: %s', fault => {
  const runs = [...all(some, ['float32', 'float64']), ...all(some, ['float32'])];
  const answer = inChild(runs, { KNET_FAKE_CUDNN_FAULT: fault });
  expect(answer.dnn).toBe('9.24.7');
  compareAll(runs, answer);
  expect(answer.lines).toEqual([]);
});

it('leaves the work to the own kernels when its workspace has no room', () => {
  const [run] = all(['a single number'], ['float32']) as [Run];
  // Memory for the three arrays of 4 bytes and the workspace of 1003, but for one byte.
  expect(inChild([run], { KNET_CUDA_EMULATION_BYTES: '1015' }).lines.length).toBe(1);
  const answer = inChild([run], { KNET_CUDA_EMULATION_BYTES: '1014' });
  compareAll([run], answer);
  expect(answer.lines).toEqual([]);
});

it('reports what fails on the GPU, and computes nothing afterwards', () => {
  const { results } = inChild(all(['LeNet 2'], ['float32']), { KNET_FAKE_CUDNN_FAULT: 'execution' });
  expect(results.map(({ error }) => error)).toEqual(Array(3).fill('cuDNN, convolution: STATUS_5000: the multiprocessors are on fire'));
});

it.each([
  [{ KNET_CUDNN: 'off' }, '(KNET_CUDNN is off)'],
  [{ KNET_CUDNN: '' }, '(emulation)'],
  [{ KNET_CUDNN: '/nowhere/libcudnn.so' }, '(/nowhere/libcudnn.so: cannot open shared object file: No such file or directory)'],
  [{ KNET_CUDNN: 'libm.so.6' }, '(libm.so.6 has no cudnnGetVersion)'],
  [{ KNET_FAKE_CUDNN_VERSION: '80907' }, `(${library} is version 8.9.7, not 9)`],
  [{ KNET_FAKE_CUDNN_FAULT: 'create' }, '(cuDNN 9.24.7: STATUS_1001: there is no GPU)'],
])('says why it is not used: %o', (settings, reason) => {
  const runs = all(['LeNet 2'], ['float32']);
  const answer = inChild(runs, settings);
  expect(answer.dnn).toBe(reason);
  compareAll(runs, answer);
  expect(answer.lines).toEqual([]);
});
