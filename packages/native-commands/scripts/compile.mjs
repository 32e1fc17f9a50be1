// What the builds of native addons have in common: running a compiler, and knowing whether a file was made from just this.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Folder of the C++ headers that all addons share. */
export const sharedHeaders = fileURLToPath(new URL('../native', import.meta.url));

/** Runs a compiler; resolves to its messages, or rejects with them. */
export function compile(compiler, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(compiler, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk));
    child.on('error', error =>
      reject(
        error.code === 'ENOENT'
          ? new Error(`no C++ compiler '${compiler}': install g++ (Debian: apt-get install g++), or name one in CXX`)
          : error,
      ),
    );
    child.on('close', code => (code === 0 ? resolve(output) : reject(new Error(output || `${compiler} ended with code ${code}`))));
  });
}

export const digest = parts => createHash('sha256').update(parts.join('\0')).digest('hex');

/** Whether a result was made from just this; `write` notes what it was made from. */
export function stamped(file, key) {
  const stamp = `${file}.key`;
  return { fresh: existsSync(file) && existsSync(stamp) && readFileSync(stamp, 'utf8') === key, write: () => writeFileSync(stamp, key) };
}
