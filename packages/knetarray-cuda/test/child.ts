/** Programs in processes and threads of their own: what the emulation reads from the environment holds for a whole process. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../../..');

/** The addon that these tests run on. */
export const addon = process.env.KNET_CUDA_ADDON ?? join(import.meta.dirname, '../build/cuda_emu.node');

/** A program of `programs/` with the sources of the packages as one file of JavaScript; `dispose` removes it. */
export async function bundled(name: string): Promise<{ path: string; dispose(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'knet-cuda-'));
  const path = join(folder, 'program.mjs');
  const entry = join(import.meta.dirname, 'programs', `${name}.ts`);
  const options = { bundle: true, format: 'esm', platform: 'node', tsconfig: join(root, 'tsconfig.json') } as const;
  await build({ entryPoints: [entry], outfile: path, ...options });
  return { path, dispose: () => rmSync(folder, { recursive: true }) };
}

/** What a program prints, in a process with these variables. @throws Error with its messages when it fails */
export function output(path: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const child = spawn(process.execPath, [path, ...args], { env: { ...process.env, KNET_CUDA_ADDON: addon, ...env } });
  return new Promise((resolve, reject) => {
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', chunk => {
      stdout += String(chunk);
    });
    child.stderr.on('data', chunk => {
      stderr += String(chunk);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => (code === 0 ? resolve(stdout) : reject(new Error(`ended with ${signal ?? code}: ${stderr}`))));
  });
}
