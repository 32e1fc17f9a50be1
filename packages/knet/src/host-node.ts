import { open, readFile, realpath, rename, rm } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import cliProgress from 'cli-progress';
import type { Host } from './host.js';

/**
 * A collection of young objects, which takes about a millisecond. V8 runs one when the young objects themselves grow large, and
 * arrays' elements do not count as such; so that a loop which drops gradients stays small, it is asked for one now and then.
 */
function minorCollection(): (() => void) | undefined {
  let gc: unknown;
  return () => {
    if (gc === undefined) {
      try {
        // The function appears only in contexts that are made while the flag is set.
        setFlagsFromString('--expose-gc');
        gc = runInNewContext('gc');
        setFlagsFromString('--no-expose-gc');
      } catch {
        gc = null; // Another engine: it collects when it likes.
      }
    }
    if (typeof gc === 'function') gc({ type: 'minor' });
  };
}

/** Node, Deno and Bun: files and a terminal. */
export const host: Host = {
  readFile: path => readFile(path),
  async writeFile(path, bytes) {
    // A link stays a link: the file that it points to is replaced.
    const target = await realpath(path).catch(() => path);
    // In the same folder, because only there a rename is one step; with a name of its own, because two processes may save at once.
    const temporary = `${target}.${crypto.randomUUID()}.tmp`;
    try {
      const file = await open(temporary, 'wx');
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  },
  bar(format, total) {
    if (!process.stderr.isTTY) return undefined;
    const bar = new cliProgress.SingleBar(
      { format, hideCursor: true, stream: process.stderr, fps: 20 },
      cliProgress.Presets.shades_classic,
    );
    bar.start(total, 0, { text: '' });
    return { update: (value, texts) => bar.update(value, texts), stop: () => bar.stop() };
  },
  collectGarbage: minorCollection(),
  print: line => process.stderr.write(`${line}\n`),
};
