import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** Runs the garbage collector, in a turn of its own so that weak references let go. */
export async function collectGarbage(): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, 0));
  collect();
  await new Promise(resolve => setTimeout(resolve, 0));
}
