// `pnpm cuda:check [80,90]`: compiles the CUDA kernels with nvcc where there is one - a warning is an error - and refuses spilled registers in
// those that take the time of a training; then loads the addon in a process of its own, to hear what it says without a driver. What did
// not change is not compiled again.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { cuda, withoutNvcc } from './cuda.mjs';
import { duration, node, root } from './lib/process.mjs';
import { kernelsOf, nameOf, summaryOf } from './lib/ptxas.mjs';
import { sourceAlias } from './lib/workspace.mjs';

/** Kernels that take the time of a training, by name: their registers must not spill. */
const hot = [
  'mapKernel',
  'directKernel',
  'programKernel',
  'tileKernel',
  'convolutionKernel',
  'weightsKernel',
  'gatherKernel',
  'randomKernel',
  'searchKernel',
  'sortedKernel',
];

/** Opens the first GPU, and prints what the machine has and what became of it. */
const program = `
import { createRequire } from 'node:module';
import { cudaBackend } from '@knet/knetarray-cuda';
const { driver } = createRequire('/')(process.env.KNET_CUDA_ADDON).machine();
let answer;
try {
  answer = cudaBackend().info.name;
} catch (error) {
  answer = error.message;
}
console.log(JSON.stringify({ driver, answer }));
`;

/** What the addon says when it is opened: `{ driver, answer }`. */
async function open(addon) {
  const { build } = await import('esbuild');
  const folder = mkdtempSync(join(tmpdir(), 'knet-cuda-'));
  try {
    const file = join(folder, 'open.mjs');
    const stdin = { contents: program, resolveDir: root };
    await build({ stdin, outfile: file, alias: sourceAlias(), bundle: true, format: 'esm', platform: 'node', target: 'node20' });
    const { code, output } = await node(file, [], { env: { KNET_CUDA_ADDON: addon }, limit: 60 });
    return code === 0 ? JSON.parse(output) : { driver: 0, answer: output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is wrong with hot kernels, as sentences. A name that no kernel has is an error of the list. */
export function problemsOf(kernels, names = hot) {
  return names.flatMap(name => {
    const own = kernels.filter(({ symbol }) => nameOf(symbol) === name);
    if (own.length === 0) return [`the list of kernels that must not spill names ${name}, and there is none`];
    return own.filter(({ spills }) => spills > 0).map(({ symbol, arch, spills }) => `${symbol} spills ${spills} bytes on sm_${arch}`);
  });
}

function table(kernels) {
  const rows = summaryOf(kernels).map(({ name, variants, registers, spills, stack, shared }) =>
    [name, variants, registers, spills, stack, shared, hot.includes(name) ? 'no spills allowed' : ''].map(String),
  );
  const head = ['kernel', 'variants', 'registers', 'spilled', 'stack', 'shared', ''];
  const widths = head.map((title, i) => Math.max(...[head, ...rows].map(row => row[i].length), title.length));
  return [head, ...rows].map(row =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd(),
  );
}

/**
 * The check: `{ passed, failed, output }`, and `skipped` where there is no nvcc.
 * @param archs - compute capabilities to make machine code for, as '90'; default those that are shipped
 */
async function cudaChecked(archs) {
  const lacking = await withoutNvcc();
  if (lacking !== undefined) return { passed: 0, failed: 0, skipped: ['CUDA kernels: no nvcc'], output: `no nvcc: skipped. ${lacking}` };
  const start = performance.now();
  const kernels = [];
  const addon = await cuda({ archs, report: (_, messages) => kernels.push(...kernelsOf(messages)) });
  const compiled = [...new Set(kernels.map(({ arch }) => `sm_${arch}`))].sort().join(', ');
  const lines = [
    ...table(kernels),
    '',
    `${basename(addon)} for ${compiled}, compiled without a warning in ${duration(performance.now() - start)}`,
  ];
  const { driver, answer } = await open(addon);
  const silent = driver === 0 && !/^there is no NVIDIA driver/.test(answer);
  const problems = [problemsOf(kernels), silent ? [`without a driver the addon says: ${answer}`] : []];
  if (!silent) lines.push(`the addon, opened: ${answer}`);
  const failed = problems.filter(list => list.length > 0).length;
  return { passed: problems.length - failed, failed, output: [...lines, ...problems.flat()].join('\n') };
}

export async function main([archs]) {
  const { failed, output } = await cudaChecked(archs?.split(','));
  console.log(output);
  return failed === 0 ? 0 : 1;
}
