import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseArguments } from './harness/arguments.js';
import { describeNeighbours, watchNeighbours } from './harness/neighbours.js';
import { workloads } from './harness/workloads.js';
import { inputGradient, layer } from './peers/openblas/floor.js';
import { environment, openblasFolder } from './peers/python/start.js';

describe('arguments', () => {
  it('ignores the -- that pnpm hands on', () => {
    const wanted = parseArguments(['--', '--device', 'onednn', '--peer', 'torch']);
    expect(wanted).toMatchObject({ device: 'onednn', samples: 3, budget: 20, threads: availableParallelism() });
    expect(wanted.peers.map(peer => peer.name)).toEqual(['torch']);
    expect(wanted.workloads).toEqual(workloads.filter(workload => workload.device === undefined));
  });

  it('reads workloads and numbers', () => {
    const wanted = parseArguments(['mlp', 'overhead', '--samples', '5', '--threads', '1', '--quick']);
    expect(wanted.workloads.map(workload => workload.name)).toEqual(['mlp', 'overhead']);
    expect(wanted).toMatchObject({ samples: 1, budget: 2, threads: 1 });
    expect(() => parseArguments(['--samples', '0'])).toThrow('--samples wants a positive number');
    expect(() => parseArguments(['--peer', 'vgg'])).toThrow('no peer "vgg"');
  });
});

describe('Python peers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'knet-bench-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('chooses the kernels that the processor has', () => {
    expect(environment('flags : sse2 avx2 avx512f', '/blas', 2)).toMatchObject({
      OPENBLAS_CORETYPE: 'SkylakeX',
      ATEN_CPU_CAPABILITY: 'avx512',
      OMP_NUM_THREADS: '2',
      LD_LIBRARY_PATH: '/blas',
    });
    expect(environment('flags : sse2 avx2', '/blas', 1)).toMatchObject({ OPENBLAS_CORETYPE: 'Haswell', ATEN_CPU_CAPABILITY: 'avx2' });
    expect(environment('Features : asimd', '/blas', 1)).not.toHaveProperty('OPENBLAS_CORETYPE');
  });

  it('finds the OpenBLAS that uses OpenMP', () => {
    expect(openblasFolder(join(folder, 'none'))).toBeUndefined();
    expect(openblasFolder(folder)).toBeUndefined();
    const blas = join(folder, 'some-linux-gnu', 'openblas-openmp');
    mkdirSync(blas, { recursive: true });
    expect(openblasFolder(folder)).toBeUndefined();
    writeFileSync(join(blas, 'libopenblas.so.0'), '');
    expect(openblasFolder(folder)).toBe(blas);
  });

  it('counts the products of a layer', () => {
    const flop = layer(100, 784, 64).map(([m, k, n, , , count]) => 2 * m * k * n * count);
    expect(flop).toEqual([10_035_200, 10_035_200, 10_035_200]);
    expect(layer(100, 784, 64, true)).toEqual([
      [100, 784, 64, false, false, 1],
      [784, 100, 64, true, false, 1],
    ]);
    expect(inputGradient(2, 3, 4, 5)).toEqual([2, 4, 3, false, true, 5]);
  });
});

describe('neighbours', () => {
  it('are mentioned only when they take a part of the machine that counts', () => {
    expect(describeNeighbours(0.01)).toBeUndefined();
    expect(describeNeighbours(0.5)).toBe('other processes took 50 % of the processors');
    const share = watchNeighbours();
    const until = performance.now() + 30;
    while (performance.now() < until);
    // More processor seconds than the machine has are never the neighbours'.
    expect(share(1e6)).toBe(0);
  });
});
