// The conformance suite in Deno, whose WebGPU (wgpu) reads shaders with another compiler than that of Chromium and Node (Dawn).

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SetupError, tail } from '../lib/explain.mjs';
import { node, root, tool } from '../lib/process.mjs';
import { lavapipe } from '../lib/webgpu.mjs';
import { sourceAlias } from '../lib/workspace.mjs';

const entry = join(root, 'packages', 'backend-tests', 'test', 'deno', 'conformance.ts');

/** Deno waits 10 ms in each read, so that several processes get on faster than one. */
const parts = ['software', 'gpu'].flatMap(kernels => [0, 1, 2].map(k => `${kernels} ${k} 3`));

/** Failures of a part that are written out. */
const maxShown = 20;

/**
 * Sums what the program printed: a line of JSON for each test, then one that says how many there are. A run that ends before has
 * one failure more, which names the last test that it told of.
 */
export function countOutcomes(part, { code, output }) {
  const result = { passed: 0, failed: 0, output: '' };
  const show = text => {
    if (result.failed <= maxShown) result.output += `${text}\n`;
  };
  let last = 'none';
  let announced;
  for (const line of output.split('\n').filter(text => text.startsWith('{"'))) {
    const { name, error, tests } = JSON.parse(line);
    if (tests !== undefined) {
      announced = tests;
      continue;
    }
    last = name;
    if (error === undefined) result.passed++;
    else {
      result.failed++;
      show(`${name}: ${error}`);
    }
  }
  if (code !== 0 || announced === undefined || announced !== result.passed + result.failed) {
    result.failed++;
    const rest = output.split('\n').filter(text => !text.startsWith('{"'));
    result.output += `Deno (${part}) ended with ${code} after ${result.passed + result.failed - 1} tests, the last one ${last}:\n${tail(rest.join('\n'))}\n`;
  }
  return result;
}

/** The suite with the kernels for processors and with those for GPUs. */
export async function deno() {
  const { build } = await import('esbuild');
  const folder = mkdtempSync(join(tmpdir(), 'knet-deno-'));
  const bundle = join(folder, 'conformance.mjs');
  try {
    // Without a platform of its own, `webgpu` of Node would be looked for.
    await build({
      entryPoints: [entry],
      outfile: bundle,
      alias: sourceAlias(),
      bundle: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
    });
    const driver = process.env.VK_ICD_FILENAMES ?? lavapipe();
    if (process.platform === 'linux' && driver === undefined) {
      throw new SetupError('Deno needs a Vulkan driver: apt-get install mesa-vulkan-drivers, or name one in VK_ICD_FILENAMES.');
    }
    const env = {
      NO_COLOR: '1',
      DENO_NO_UPDATE_CHECK: '1',
      ...(driver === undefined ? {} : { VK_ICD_FILENAMES: driver, XDG_RUNTIME_DIR: tmpdir() }),
    };
    const run = part =>
      node(tool('deno'), ['run', '--unstable-webgpu', '--v8-flags=--expose-gc', '--allow-all', bundle, ...part.split(' ')], {
        env,
        limit: 600,
      });
    const counted = await Promise.all(parts.map(async part => countOutcomes(part, await run(part))));
    return {
      passed: counted.reduce((sum, { passed }) => sum + passed, 0),
      failed: counted.reduce((sum, { failed }) => sum + failed, 0),
      output: counted
        .map(({ output }) => output)
        .join('')
        .trimEnd(),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
