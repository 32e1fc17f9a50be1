import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** Runs the garbage collector in turns of its own, so that weak references let go, and gives finalizers time to run. */
export async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await new Promise(resolve => setTimeout(resolve, 5));
    collect();
  }
  await new Promise(resolve => setTimeout(resolve, 20));
}
