import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { compileSource } from '../scripts/build-wasm.mjs';
import { relaxedBytes, simdBytes } from '../src/wasm/bytes.generated.js';
import { loadFloat32Kernels } from '../src/wasm/kernels.js';

describe('the WebAssembly module', () => {
  it('is what the build script makes of assembly/', async () => {
    const committed = await readFile(new URL('../src/wasm/bytes.generated.ts', import.meta.url), 'utf8');
    expect(await compileSource()).toBe(committed);
  });

  it('stays small', () => {
    expect(simdBytes.length * 0.75).toBeLessThan(24_000);
    expect(relaxedBytes.length * 0.75).toBeLessThan(24_000);
  });
});

describe('loadFloat32Kernels', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('gives undefined where WebAssembly is absent', () => {
    vi.stubGlobal('WebAssembly', undefined);
    expect(loadFloat32Kernels()).toBeUndefined();
  });

  it('gives undefined where the host refuses to compile', () => {
    class Refusing {
      constructor() {
        throw new WebAssembly.CompileError('blocked by the content security policy');
      }
    }
    vi.stubGlobal('WebAssembly', { ...WebAssembly, validate: () => true, CompileError: WebAssembly.CompileError, Module: Refusing });
    expect(loadFloat32Kernels()).toBeUndefined();
  });

  it('loads the plain build where relaxed SIMD does not validate', () => {
    const { validate, Module, Instance } = WebAssembly;
    const plain = (bytes: Uint8Array<ArrayBuffer>) =>
      bytes.length === Math.floor(simdBytes.length * 0.75) - (simdBytes.match(/=*$/)?.[0].length ?? 0) && validate(bytes);
    vi.stubGlobal('WebAssembly', { validate: plain, Module, Instance });
    expect(loadFloat32Kernels()?.relaxed).toBe(false);
  });
});
