import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ChildMessage } from '../child.js';
import type { RunOptions, RunResult } from './contract.js';
import { ending, type Place } from './sides.js';

/** One sample, or why there is none. */
export type Sample = { ok: true; result: RunResult } | { ok: false; error: string };

/**
 * Runs one workload module in a fresh process, so that no heap, compiled code or open device of one side touches the next.
 *
 * @param path - the module
 * @param options - handed to its `run`
 * @param cap - seconds after which the process is killed
 * @param place - the process itself, or a page of a Chromium that it starts
 * @returns the sample; a crash, a missing answer or the cap is an error in words, not a throw
 */
export function runSample(path: string, options: RunOptions, cap: number, place: Place = 'node'): Promise<Sample> {
  const child = fork(fileURLToPath(new URL(`../child${ending}`, import.meta.url)), [path, JSON.stringify(options), place], {
    // The parent runs under tsx; its loader flags are in execArgv and carry over to the child.
    execArgv: process.execArgv,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  return new Promise(resolve => {
    let stderr = '';
    let sample: Sample | undefined;
    let capped = false;
    const timer = setTimeout(() => {
      capped = true;
      child.kill('SIGKILL');
    }, cap * 1000);
    child.stderr?.on('data', chunk => {
      stderr = (stderr + String(chunk)).slice(-4000);
    });
    child.on('message', (message: ChildMessage) => {
      sample = message;
    });
    child.on('error', error => {
      sample ??= { ok: false, error: error.message };
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (sample === undefined && capped) sample = { ok: false, error: `killed after ${cap} s` };
      resolve(sample ?? { ok: false, error: `ended with ${signal ?? `exit code ${code}`} and no result\n${stderr}` });
    });
  });
}
