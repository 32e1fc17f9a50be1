import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import type { Example } from '../common/example.js';

/** The lines that an example prints. It runs on the portable device, in this process. */
export async function lines(main: Example, ...args: string[]): Promise<string[]> {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  try {
    await main([...args, '--device', 'cpu']);
    return log.mock.calls.flatMap(call => String(call[0]).split('\n'));
  } finally {
    log.mockRestore();
  }
}

/** The numbers in a line, or NaN when it has not this form. */
export function numbers(line: string | undefined, form: RegExp): number[] {
  const found = form.exec(line ?? '');
  return found === null ? [Number.NaN] : found.slice(1).map(Number);
}

export const epochLoss = /^epoch (\d+) loss (\d+\.\d{4})$/;
export const epochAccuracy = /^epoch (\d+) trn (\d\.\d{4}) tst (\d\.\d{4})$/;

/** Runs an example as a program, on the sources of the packages. */
export function program(name: string, ...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const tsx = createRequire(import.meta.url).resolve('tsx/cli');
  const child = spawn(process.execPath, [tsx, '--tsconfig', 'tsconfig.json', `examples/${name}/${name}.ts`, ...args], { cwd: root });
  let [out, err] = ['', ''];
  child.stdout.on('data', chunk => {
    out += chunk;
  });
  child.stderr.on('data', chunk => {
    err += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', code => resolve({ code, out, err }));
  });
}
