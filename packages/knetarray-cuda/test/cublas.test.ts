import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { cudaBackend } from '../src/index.js';
import { emulated } from './emulated.js';
import { type Case, check, type Layout } from './products.js';

const folder = mkdtempSync(join(tmpdir(), 'knet-cublas-'));
afterAll(() => rmSync(folder, { recursive: true }));

const besides = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

function buildFake(name: string, flags: readonly string[] = []): string {
  const path = join(folder, name);
  const common = ['-std=c++17', '-O1', '-fPIC', '-shared', '-fvisibility=hidden', '-Wall', '-Wextra', '-Werror'];
  execFileSync(process.env.CXX || 'g++', [...common, ...flags, besides('fake/cublas.cc'), '-o', path], { stdio: 'inherit' });
  return path;
}

const library = buildFake('libcublas.so');
const notesFile = join(folder, 'notes');

/** What the library was asked for since the last time. */
function notes(): string[] {
  if (!existsSync(notesFile)) return [];
  const lines = readFileSync(notesFile, 'utf8').trim().split('\n');
  rmSync(notesFile);
  return lines;
}

// Read when the addon looks for the library; this file has a process of its own.
process.env.KNET_CUBLAS = library;
process.env.KNET_FAKE_CUBLAS_NOTES = notesFile;
const backend = emulated();

/** Runs a product, checks it, and returns what the library was asked for. */
function calls(x: Case): string[] {
  notes();
  check(backend, x);
  return notes().filter(line => line.includes('gemm') || line.includes('Gemm'));
}

beforeEach(() => rmSync(notesFile, { force: true }));

const size = { m: 50, k: 34, n: 21 };
/** Layouts that cuBLAS reads as they are, or transposed, with what it is told as the distance of lines. */
const readable: readonly [layout: Layout, operation: string, leading: (rows: number, columns: number) => number][] = [
  ['columns', 'N', rows => rows],
  ['padded', 'N', rows => rows + 3],
  ['rows', 'T', (_, columns) => columns],
  ['paddedRows', 'T', (_, columns) => columns + 5],
];

// The library works on ordinary memory, as the emulator does.
describe.runIf(backend.info.major === 0)('cuBLAS', () => {
  it('gives its own memory at the first product, and not before', () => {
    expect(backend.info.blas).toBe('12.4.5');
    expect(notes()).toEqual([]);
    const { free } = backend.deviceMemory;
    check(backend, size);
    check(backend, size);
    const [created, workspace, first, ...rest] = notes();
    expect([created, workspace]).toEqual(['create', `workspace ${2 ** 25}`]);
    expect(first).toBe('Sgemm NN m=50 n=21 k=34 lda=50 ldb=34 ldc=50 count=1 steps=0,0,0 math=16');
    expect(rest).toEqual([first]);
    expect(free - backend.deviceMemory.free).toBe(2 ** 25);
  });

  describe.each([
    ['float32', 'Sgemm', 'SgemmStridedBatched'],
    ['float64', 'Dgemm', 'DgemmStridedBatched'],
    ['float16', 'GemmEx', 'GemmStridedBatchedEx'],
    ['bfloat16', 'GemmEx', 'GemmStridedBatchedEx'],
  ] as const)('%s', (dtype, one, many) => {
    it('reads matrices as they are and transposed', () => {
      for (const [a, opA, lda] of readable) {
        for (const [b, opB, ldb] of readable) {
          const expected = `${one} ${opA}${opB} m=50 n=21 k=34 lda=${lda(50, 34)} ldb=${ldb(34, 21)} ldc=`;
          expect(calls({ ...size, dtype, a, b })).toEqual([`${expected}50 count=1 steps=0,0,0 math=16`]);
          expect(calls({ ...size, dtype, a, b, c: 'padded', alpha: -0.5, beta: 2 })).toEqual([`${expected}53 count=1 steps=0,0,0 math=16`]);
        }
      }
    });

    it('computes the transposed product where the output lies by rows', () => {
      expect(calls({ ...size, dtype, b: 'paddedRows', c: 'rows', alpha: 2, beta: 3 })).toEqual([
        `${one} NT m=21 n=50 k=34 lda=26 ldb=50 ldc=21 count=1 steps=0,0,0 math=16`,
      ]);
      expect(calls({ ...size, dtype, a: 'rows', c: 'paddedRows' })).toEqual([
        `${one} TN m=21 n=50 k=34 lda=34 ldb=34 ldc=26 count=1 steps=0,0,0 math=16`,
      ]);
    });

    it('computes batches in one call, and one for each place in further dimensions', () => {
      const gap = 2;
      const steps = [50 * 34 + gap, 34 * 21 + gap, 50 * 21 + gap];
      expect(calls({ ...size, dtype, batch: [3], a: 'rows', beta: 1 })).toEqual([
        `${many} TN m=50 n=21 k=34 lda=34 ldb=34 ldc=50 count=3 steps=${steps} math=16`,
      ]);
      expect(calls({ ...size, dtype, batch: [2, 3] })).toEqual([
        `${many} NN m=50 n=21 k=34 lda=50 ldb=34 ldc=50 count=6 steps=${steps} math=16`,
      ]);
      expect(calls({ ...size, dtype, batch: [3], same: 'b', c: 'rows' })).toEqual([
        `${many} TT m=21 n=50 k=34 lda=34 ldb=50 ldc=21 count=3 steps=${[0, steps[0], steps[2]]} math=16`,
      ]);
      const apart = steps.map(step => 2 * step);
      const call = `${many} NN m=50 n=21 k=34 lda=50 ldb=34 ldc=50 count=3 steps=${apart.map((_, o) => steps[o])} math=16`;
      expect(calls({ ...size, dtype, batch: [2, 3], reordered: true })).toEqual([call, call]);
    });

    it('multiplies vectors', () => {
      expect(calls({ m: 1, k: 300, n: 200, dtype, beta: 1 })).toHaveLength(1);
      expect(calls({ m: 300, k: 200, n: 1, dtype, b: 'rows', c: 'rows' })).toHaveLength(1);
    });

    it('is not asked for what it cannot do, or what is done sooner without', () => {
      for (const a of ['apart', 'backwards', 'repeated'] as const) {
        expect(calls({ ...size, dtype, a })).toEqual([]);
        expect(calls({ ...size, dtype, b: a })).toEqual([]);
      }
      expect(calls({ ...size, dtype, c: 'apart' })).toEqual([]);
      expect(calls({ m: 10, k: 20, n: 30, dtype })).toEqual([]);
      expect(calls({ m: 9, k: 9, n: 9, dtype, batch: [50] })).toEqual([]);
      expect(calls({ m: 16, k: 16, n: 16, dtype, batch: [17, 2], reordered: true })).toHaveLength(2);
    });
  });

  it.each(['8', '15'])('leaves bfloat16 to the kernels where it lacks such products: status %s', status => {
    process.env.KNET_FAKE_CUBLAS_FAULT = status;
    try {
      expect(calls({ ...size, dtype: 'bfloat16', beta: 1 })).toHaveLength(1);
      expect(calls({ ...size, dtype: 'bfloat16', batch: [2, 3], reordered: true, beta: 1 })).toHaveLength(1);
    } finally {
      delete process.env.KNET_FAKE_CUBLAS_FAULT;
    }
  });

  it('leaves whole numbers to the kernels', () => expect(calls({ ...size, dtype: 'int32' })).toEqual([]));

  it('uses TF32 when that is wanted', () => {
    expect(backend.tf32).toBe(false);
    expect(cudaBackend({ tf32: true }).tf32).toBe(true);
    expect(calls(size)).toEqual([expect.stringContaining('math=19')]);
    expect(cudaBackend().tf32).toBe(true);
    backend.tf32 = false;
    expect(calls(size)).toEqual([expect.stringContaining('math=16')]);
  });

  describe('in another process', () => {
    const run = (env: Record<string, string>, ...args: string[]): { blas: string; result: unknown } =>
      JSON.parse(
        execFileSync(process.execPath, [besides('fake/product.mjs'), ...args], { encoding: 'utf8', env: { ...process.env, ...env } }),
      );

    it('gives each thread a handle of its own, and takes it back', () => {
      expect(run({}, 'two threads')).toEqual({ blas: '12.4.5', result: 40 });
      const counted = notes().map(line => line.split(' ')[0]);
      expect(counted).toEqual(expect.arrayContaining(['create', 'destroy']));
      expect(['create', 'Sgemm', 'destroy'].map(word => counted.filter(w => w === word).length)).toEqual([2, 2, 2]);
    });

    it('tells of a status that is not success', () => {
      const { result } = run({ KNET_FAKE_CUBLAS_FAULT: '13' });
      expect(result).toBe('cublasSgemm_v2 failed with CUBLAS_STATUS_EXECUTION_FAILED (KNET_CUBLAS=off does without cuBLAS)');
      // Memory may be had later: the GPU is not lost.
      expect(run({ KNET_FAKE_CUBLAS_FAULT: '3' }).result).toBe('cuda: cublasSgemm_v2 failed with CUBLAS_STATUS_ALLOC_FAILED');
    });

    it.each([
      ['off', /^\(switched off by KNET_CUBLAS\)$/],
      ['/nowhere/libcublas.so', /^\(\/nowhere\/libcublas\.so: cannot open shared object file/],
      ['', /^\(the emulator uses only what KNET_CUBLAS names\)$/],
    ])('computes without it when KNET_CUBLAS is "%s"', (chosen, reason) => {
      const { blas, result } = run({ KNET_CUBLAS: chosen });
      expect(blas).toMatch(reason);
      expect(result).toBe(40);
      expect(notes()).toEqual([]);
    });

    it('computes without a library that lacks a function', () => {
      const other = buildFake('libcublas-old.so', ['-DWITHOUT_DGEMM']);
      expect(run({ KNET_CUBLAS: other })).toEqual({ blas: `(${other} lacks cublasDgemm_v2)`, result: 40 });
      expect(notes()).toEqual([]);
    });
  });
});
