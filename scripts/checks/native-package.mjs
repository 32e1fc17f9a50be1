// The prebuilt addon as a user gets it: from tarballs, on a system whose PATH has Node and npm and nothing else.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { tail } from '../lib/explain.mjs';
import { run } from '../lib/process.mjs';
import { closure, packages, platformPackages } from '../lib/workspace.mjs';
import { emptyProject } from './packages.mjs';

const name = '@knet/knetarray-onednn';

/** Trains a few steps on a device; prints the losses and the files that the process has mapped into memory. */
const program = `
import { readFileSync } from 'node:fs';
import { array, device, gradloss, relu, Sgd, optimizers, update } from '@knet/knet';

const train = async name => {
  await device(name);
  const numbers = (shape, seed) => array(Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.sin(seed + i))).reshape(...shape);
  const w = [numbers([40, 30], 1), numbers([5, 40], 2)];
  const [x, y] = [numbers([30, 64], 3), numbers([5, 64], 4)];
  const step = gradloss((w, x, y) => w[1].matmul(relu(w[0].matmul(x))).sub(y).pow(2).mean());
  const state = optimizers(w, () => new Sgd({ lr: 0.001 }));
  const losses = [];
  for (let i = 0; i < 3; i++) {
    const [gradient, loss] = step(w, x, y);
    update(w, gradient, state);
    losses.push(await loss.item());
  }
  return losses;
};
const result = { onednn: await train('onednn'), cpu: await train('cpu') };
const maps = readFileSync('/proc/self/maps', 'utf8').split('\\n').map(line => line.slice(73).trim());
console.log(JSON.stringify({ ...result, files: [...new Set(maps.filter(file => file.startsWith('/')))] }));
`;

/** What is wrong with the output of the program, or an empty string. */
export function judge({ onednn, cpu, files }, folder, shipped) {
  const near = onednn.length === cpu.length && onednn.every((loss, i) => Math.abs(loss - cpu[i]) <= 1e-4 * Math.abs(cpu[i]));
  if (!near) return `losses on onednn are ${onednn.join(', ')}, and on cpu ${cpu.join(', ')}`;
  if (!(onednn.at(-1) < onednn[0])) return `the loss did not fall: ${onednn.join(', ')}`;
  for (const file of shipped) {
    const loaded = files.filter(path => path.endsWith(`/${file}`));
    if (loaded.length !== 1 || loaded[0] !== join(folder, file))
      return `${file} should come from ${folder}; what is in memory: ${loaded.join(', ') || 'none'}`;
  }
  return '';
}

async function problem() {
  const platform = `${name}-${process.platform}-${process.arch}`;
  const all = [...packages(), ...platformPackages()];
  if (!all.some(entry => entry.name === platform)) return `there is no package ${platform}`;
  const names = new Set([...closure('@knet/knet', all), ...closure(name, all)]);
  // A real path: what is in memory is listed by real paths.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'knet-prebuilt-')));
  const project = join(folder, 'project');
  try {
    for (const part of ['bin', 'project']) mkdirSync(join(folder, part));
    const npm = process.env.PATH.split(delimiter)
      .map(place => join(place, 'npm'))
      .find(existsSync);
    if (npm === undefined) return 'there is no npm on PATH';
    symlinkSync(process.execPath, join(folder, 'bin', 'node'));
    symlinkSync(npm, join(folder, 'bin', 'npm'));
    writeFileSync(join(project, 'package.json'), JSON.stringify(emptyProject(all.filter(entry => names.has(entry.name)))));
    writeFileSync(join(project, 'train.js'), program);
    // Offline: what the tarballs do not hold is in npm's cache since each package was installed by itself.
    const env = { PATH: join(folder, 'bin'), KNET_ONEDNN_ADDON: '', LD_LIBRARY_PATH: '', KNET_NUM_THREADS: '2' };
    const args = ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts'];
    const installed = await run('npm', args, { cwd: project, env, limit: 180 });
    if (installed.code !== 0) return `npm ${args.join(' ')} failed:\n${tail(installed.output)}`;
    const { code, output } = await run('node', ['train.js'], { cwd: project, env, limit: 60 });
    if (code !== 0) return tail(output);
    const home = join(project, 'node_modules', platform);
    const shipped = readdirSync(home).filter(file => file === 'knet.node' || file.includes('.so.'));
    return judge(JSON.parse(output), home, shipped);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function prebuilt() {
  const output = await problem();
  return output === '' ? { passed: 1, failed: 0 } : { passed: 0, failed: 1, output };
}
