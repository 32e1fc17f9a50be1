// Running other programs: find the script behind a tool's command, start it, keep what it prints.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The JavaScript file of a command of a root devDependency. Started with `node`, it needs no shell and no `pnpm exec`. */
export function tool(packageName, command = packageName.split('/').pop()) {
  const folder = join(root, 'node_modules', packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[command]);
}

/**
 * Runs a program and resolves to `{ code, output }`; never rejects. `code` is null when the program could not be started or
 * was stopped. `show` passes the output on while it is collected; `limit` is in seconds.
 */
export function run(command, args, { cwd = root, env = {}, show = false, limit = 600, shell = false } = {}) {
  return new Promise(resolve => {
    let output = '';
    const child = spawn(command, args, { cwd, shell, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const collect = target => chunk => {
      output += chunk;
      if (show) target.write(chunk);
    };
    child.stdout.setEncoding('utf8').on('data', collect(process.stdout));
    child.stderr.setEncoding('utf8').on('data', collect(process.stderr));
    const timer = setTimeout(() => {
      output += `\nstopped after ${limit} s\n`;
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), 5000).unref();
    }, limit * 1000);
    const finish = code => {
      clearTimeout(timer);
      resolve({ code, output });
    };
    child.on('error', error => {
      output += error.message;
      finish(null);
    });
    child.on('close', finish);
    // A process that the child left behind may hold the pipes open: do not wait for it.
    child.on('exit', code => setTimeout(() => finish(code), 2000).unref());
  });
}

/** Runs a JavaScript file with this Node. */
export const node = (file, args, options) => run(process.execPath, [file, ...args], options);

/** Runs a JavaScript file with the terminal attached and resolves to its exit code. */
export function attach(file, args, { cwd = root, env = {} } = {}) {
  return new Promise(resolve => {
    // Ctrl-C reaches both processes; this one stays until the other has ended in its own way.
    const ignore = () => {};
    process.on('SIGINT', ignore);
    const child = spawn(process.execPath, [file, ...args], { cwd, env: { ...process.env, ...env }, stdio: 'inherit' });
    child.on('error', error => {
      console.error(error.message);
      resolve(1);
    });
    child.on('exit', code => {
      process.off('SIGINT', ignore);
      resolve(code ?? 1);
    });
  });
}

/** `1.2 s`, or `3 min 5 s` from a minute on. */
export function duration(milliseconds) {
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
