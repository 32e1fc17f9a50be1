import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { compareLosses, formatCalls } from './harness/agreement.js';
import { type Arguments, parseArguments, usage } from './harness/arguments.js';
import { recordingCosts } from './harness/recording.js';
import { runSample, type Sample } from './harness/sample.js';
import { modulePath, ours, type Side } from './harness/sides.js';
import { formatSpread, formatTable, medians, type Row, rowsOf, wholeTime } from './harness/table.js';
import type { Workload } from './harness/workloads.js';

/** A side that took this long for one workload gets no further sample. */
const patience = 120;

/** What one sample shows while the others are still running. */
function progress(workload: Workload, sample: Sample): string {
  if (!sample.ok) return `FAILED: ${sample.error.split('\n')[0]}`;
  const { steps, loss, firstLoss, figures, note } = sample.result;
  const parts: string[] = [];
  if (workload.figures === undefined) {
    parts.push(`${wholeTime(sample.result, workload).toFixed(2)} s`);
    if (firstLoss !== undefined) parts.push(`loss ${firstLoss.toFixed(4)} -> ${loss.toFixed(4)}`);
    if (steps < workload.steps) parts.push(`scaled from ${steps} of ${workload.steps} steps`);
  } else {
    for (const { name, unit } of workload.figures) {
      const value = figures?.[name];
      if (value !== undefined) parts.push(`${name} ${value.toFixed(2)} ${unit}`);
    }
  }
  if (note !== undefined) parts.push(note);
  return parts.join(', ');
}

/** All samples of one workload: round by round over all sides, so that a slow spell of the machine falls on each of them. */
async function sampleAll(workload: Workload, sides: readonly Side[], wanted: Arguments): Promise<Map<string, Sample[]>> {
  const bySide = new Map<string, Sample[]>();
  const spent = new Map<string, number>();
  for (let round = 0; round < wanted.samples; round++) {
    for (const side of sides) {
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
      const { device, budget, threads } = wanted;
      const { steps, warmup, batch, length } = workload;
      const options = { device, variant: side.variant, steps, warmup, batch, length, budget, threads };
      const sample = await runSample(path, options, wanted.cap, wanted.place);
      spent.set(side.name, before + (performance.now() - start) / 1000);
      list.push(sample);
      console.log(`  ${side.name}: ${progress(workload, sample)}`);
    }
  }
  return bySide;
}

async function main(): Promise<void> {
  const wanted = parseArguments(process.argv.slice(2));
  if (wanted.help) {
    console.log(usage);
    return;
  }
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
  };
  console.log(
    `${machine.cores} x ${machine.cpu}, Node ${machine.node}, ${machine.date}; our device: ${wanted.device}${wanted.place === 'page' ? ', in a page' : ''}\n`,
  );

  // Peers that have none of the workloads would fill columns with nothing.
  const peers = wanted.peers.filter(peer => wanted.workloads.some(({ name }) => modulePath(peer, name) !== undefined));
  const taken = new Map<Workload, { samples: Map<string, Sample[]>; rows: Row[] }>();
  for (const workload of wanted.workloads) {
    console.log(`${workload.name}: ${workload.title}`);
    const samples = await sampleAll(workload, [ours, ...peers], wanted);
    taken.set(workload, { samples, rows: rowsOf(workload, samples) });
  }

  const rows = [...taken.values()].flatMap(result => result.rows);
  const names = peers.map(side => side.name);
  console.log(`\nMedians of up to ${wanted.samples} samples; * scaled from fewer steps; (x) how many times faster ${ours.name} is.\n`);
  console.log(formatTable(rows, ours.name, names));
  const calls = [...taken].flatMap(([{ name }, { samples }]) => formatCalls(name, samples));
  const losses = [...taken].map(([{ name }, { samples }]) => compareLosses(name, samples));
  const sections = [formatSpread(rows), recordingCosts(rows), calls, losses.flatMap(({ lines }) => lines)];
  for (const lines of sections) if (lines.length > 0) console.log(`\n${lines.join('\n')}`);
  if (wanted.json !== undefined) {
    const report = [...taken].map(([workload, { samples, rows }]) => ({
      workload: workload.name,
      steps: workload.steps,
      medians: medians(rows),
      samples: Object.fromEntries(samples),
    }));
    const { device, budget, threads } = wanted;
    writeFileSync(wanted.json, `${JSON.stringify({ machine, device, budget, threads, report }, null, 2)}\n`);
  }
  const all = [...taken.values()].flatMap(({ samples }) => [...samples.values()].flat());
  const places = new Set(all.flatMap(sample => (sample.ok && sample.result.where !== undefined ? [sample.result.where] : [])));
  if (places.size > 0) console.log(`\nIn ${[...places].join(' and ')}.`);
  // Sides that do not compute the same cannot be compared.
  if (all.some(sample => !sample.ok) || losses.some(({ differ }) => differ)) process.exitCode = 1;
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
