import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { compileSource } from '../scripts/build-wasm.mjs';
import { elementwiseBytes, productBytes, relaxedProductBytes } from '../src/wasm/bytes.generated.js';
import { loadFloat32Kernels } from '../src/wasm/kernels.js';

describe('the WebAssembly module', () => {
  it('is what the build script makes of assembly/', async () => {
    const committed = await readFile(new URL('../src/wasm/bytes.generated.ts', import.meta.url), 'utf8');
    expect(await compileSource()).toBe(committed);
  });

  it('stays small', () => {
    for (const bytes of [productBytes, relaxedProductBytes, elementwiseBytes]) expect(bytes.length * 0.75).toBeLessThan(12_000);
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
    const refused = Uint8Array.from(atob(relaxedProductBytes), c => c.charCodeAt(0));
    const same = (bytes: Uint8Array<ArrayBuffer>) => bytes.length === refused.length && bytes.every((byte, i) => byte === refused[i]);
    vi.stubGlobal('WebAssembly', { validate: (bytes: Uint8Array<ArrayBuffer>) => !same(bytes) && validate(bytes), Module, Instance });
    expect(loadFloat32Kernels()?.relaxed).toBe(false);
  });
});
