import { pathToFileURL } from 'node:url';
import type { RunOptions, RunResult, WorkloadModule } from './harness/contract.js';
import { describeNeighbours, watchNeighbours } from './harness/neighbours.js';

/**
 * Takes one sample in a process of its own, started by `runSample`: `child.ts <module> <options as JSON> [node or page]`. The result
 * goes back over the channel that the parent opened, so that a library may print what it likes.
 */

/** What the parent receives. */
export type ChildMessage = { ok: true; result: RunResult } | { ok: false; error: string };

function check(result: RunResult): RunResult {
  const { seconds, steps, loss, firstLoss } = result;
  if (!Number.isFinite(loss)) throw new Error(`the loss is ${loss} after ${steps} steps`);
  if (!(seconds >= 0) || !(steps > 0)) throw new Error(`${steps} steps in ${seconds} s make no sample`);
  if (firstLoss !== undefined && !(loss < firstLoss)) {
    throw new Error(`it did not learn: loss ${firstLoss} before, ${loss} after ${steps} steps`);
  }
  return result;
}

async function main(): Promise<ChildMessage> {
  const [path, json, place] = process.argv.slice(2);
  if (path === undefined || json === undefined) throw new Error('child.ts: expected a module and its options; run bench.ts instead');
  const options = JSON.parse(json) as RunOptions;
  const module: WorkloadModule =
    place === 'page' ? await (await import('./browser/sample.js')).inChromium(path) : await import(pathToFileURL(path).href);
  const share = watchNeighbours();
  const result = check(await module.run(options));
  const disturbed = describeNeighbours(share(result.helpers ?? 0));
  if (disturbed !== undefined) result.note = result.note === undefined ? disturbed : `${result.note}, ${disturbed}`;
  return { ok: true, result };
}

const message = await main().catch((error: unknown): ChildMessage => {
  return { ok: false, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
});
if (process.send === undefined) {
  console.log(JSON.stringify(message, null, 2));
  process.exit(message.ok ? 0 : 1);
} else {
  // A library may hold the event loop open; leave once the message is out.
  process.send(message, undefined, undefined, () => process.exit(message.ok ? 0 : 1));
}
