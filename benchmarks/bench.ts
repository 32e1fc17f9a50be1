import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { runSample, type Sample } from './harness/sample.js';
import { findPeers, modulePath, ours, peers } from './harness/sides.js';
import { formatTable, rowsOf, wholeTime } from './harness/table.js';
import { findWorkload, type Workload, workloads } from './harness/workloads.js';

const usage = `Usage: pnpm bench [workload...] [options]

Runs Knet.ts and other libraries on the same workloads, each sample in a process of its own, one at a time, and prints one table.

Workloads: ${workloads.map(workload => workload.name).join(', ')} (default: all)

  --peer a,b       peers to run: ${peers.map(peer => peer.name).join(', ')}, or none
  --device name    device of our side (default cpu)
  --samples n      samples of each side (default 3)
  --budget s       seconds a sample may take before it is cut short and scaled (default 20)
  --cap s          seconds after which a process is killed (default 600)
  --quick          one sample with a budget of 2 seconds
  --json file      write all samples there
  --help           this text`;

/** A positive number from the command line. */
function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new Error(`bench: --${name} wants a positive number, not "${text}"`);
  return value;
}

/** A side that took this long for one workload gets no further sample. */
const patience = 120;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    // pnpm hands on the `--` that may stand before the options.
    args: process.argv.slice(2).filter(argument => argument !== '--'),
    allowPositionals: true,
    options: {
      peer: { type: 'string' },
      device: { type: 'string', default: 'cpu' },
      samples: { type: 'string', default: '3' },
      budget: { type: 'string', default: '20' },
      cap: { type: 'string', default: '600' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const chosen = positionals.length === 0 ? workloads : positionals.map(findWorkload);
  const others = findPeers(values.peer?.split(','));
  const samples = values.quick ? 1 : Math.ceil(positive('samples', values.samples));
  const budget = values.quick ? 2 : positive('budget', values.budget);
  const cap = positive('cap', values.cap);
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
  };
  console.log(`${machine.cores} x ${machine.cpu}, Node ${machine.node}, ${machine.date}; our device: ${values.device}\n`);

  const taken = new Map<Workload, Map<string, Sample[]>>();
  for (const workload of chosen) {
    console.log(`${workload.name}: ${workload.title}`);
    const bySide = new Map<string, Sample[]>();
    const spent = new Map<string, number>();
    // Round by round over all sides, so that a slow spell of the machine falls on each of them.
    for (let round = 0; round < samples; round++) {
      for (const side of [ours, ...others]) {
        const path = modulePath(side, workload.name);
        if (path === undefined) {
          if (round === 0) console.log(`  ${side.name}: not there (${side.folder}/${workload.name}.ts)`);
          continue;
        }
        const before = spent.get(side.name) ?? 0;
        const list = bySide.get(side.name) ?? [];
        bySide.set(side.name, list);
        if (before > patience || list.some(sample => !sample.ok)) continue;
        const start = performance.now();
        const options = { device: values.device, variant: side.variant, steps: workload.steps, warmup: workload.warmup, budget };
        const sample = await runSample(path, options, cap);
        spent.set(side.name, before + (performance.now() - start) / 1000);
        list.push(sample);
        if (!sample.ok) console.log(`  ${side.name}: FAILED: ${sample.error.split('\n')[0]}`);
        else if (workload.figures === undefined) {
          const { steps, loss, firstLoss = Number.NaN } = sample.result;
          const scaled = steps < workload.steps ? `, scaled from ${steps} of ${workload.steps} steps` : '';
          const learned = `loss ${firstLoss.toFixed(4)} -> ${loss.toFixed(4)}`;
          console.log(`  ${side.name}: ${wholeTime(sample.result, workload).toFixed(2)} s, ${learned}${scaled}`);
        } else {
          const figures = workload.figures.map(({ name, unit }) => `${name} ${sample.result.figures?.[name]?.toFixed(2)} ${unit}`);
          console.log(`  ${side.name}: ${figures.join(', ')}`);
        }
      }
    }
    taken.set(workload, bySide);
  }

  const rows = [...taken].flatMap(([workload, bySide]) => rowsOf(workload, bySide));
  const names = others.map(side => side.name);
  console.log(`\nMedians of up to ${samples} samples; * scaled from fewer steps; (x) how many times faster ${ours.name} is.\n`);
  console.log(formatTable(rows, ours.name, names));
  if (values.json !== undefined) {
    const report = [...taken].map(([workload, bySide]) => ({
      workload: workload.name,
      steps: workload.steps,
      samples: Object.fromEntries(bySide),
    }));
    writeFileSync(values.json, `${JSON.stringify({ machine, device: values.device, budget, report }, null, 2)}\n`);
  }
  const failed = [...taken.values()].some(bySide => [...bySide.values()].flat().some(sample => !sample.ok));
  if (failed) process.exitCode = 1;
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
