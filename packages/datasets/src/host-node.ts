import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Host } from './host.js';

/** Node, Deno and Bun: files. This module and the built one are both one folder below the package, beside `data`. */
export const host: Host = {
  readBundled: name => readFile(fileURLToPath(new URL(`../data/${name}`, import.meta.url))),
  readFile: path => readFile(path),
  async readCache(directory, name) {
    try {
      return await readFile(join(directory, name));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  },
  async writeCache(directory, name, bytes) {
    const path = join(directory, name);
    // A name of its own, so that two processes that fetch the same file do not write into each other's.
    const temporary = `${path}.${crypto.randomUUID()}.tmp`;
    await mkdir(dirname(path), { recursive: true });
    try {
      await writeFile(temporary, bytes);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  },
};
