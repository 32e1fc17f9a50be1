// `pnpm cuda:pack`: makes the tarballs of the CUDA backend and of its addon for this platform, and checks them. `--fill` only puts into the folder of the
// platform's package what is packed: the addon and the licences of what is compiled into it. Packing it does so first.

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { lint } from './checks/packages.mjs';
import { cuda } from './cuda.mjs';
import { SetupError, tail } from './lib/explain.mjs';
import { root, run } from './lib/process.mjs';

const packageFolder = join(root, 'packages', 'knetarray-cuda');
const platformFolder = join(root, 'packages', `knetarray-cuda-${process.platform}-${process.arch}`);

const origin = `The addon contains the CUDA runtime library (libcudart_static.a) of NVIDIA's CUDA Toolkit, which may be distributed as a part of an
application (Attachment A of its licence agreement). The agreement is at https://docs.nvidia.com/cuda/eula/index.html`;

/** The licence agreement as it lies with the toolkit: in its folder, or beside the wheel that brought the runtime. */
async function agreement() {
  const { cudaHeaders, findNvcc } = await import('../packages/knetarray-cuda/scripts/build-cuda.mjs');
  for (let folder = realpathSync(cudaHeaders(findNvcc())); folder !== dirname(folder); folder = dirname(folder)) {
    const wheels = join(folder, 'dist-info');
    const runtime = existsSync(wheels) ? readdirSync(wheels).filter(name => name.startsWith('nvidia_cuda_runtime')) : [];
    const candidates = [join(folder, 'EULA.txt'), ...runtime.map(name => join(wheels, name, 'licenses', 'License.txt'))];
    const found = candidates.find(existsSync);
    if (found !== undefined) return readFileSync(found, 'utf8');
  }
  return undefined;
}

async function fill() {
  if (!existsSync(join(platformFolder, 'package.json')))
    throw new SetupError(`cuda:pack: there is no package ${relative(root, platformFolder)}.`);
  const addon = await cuda();
  const licenses = join(platformFolder, 'licenses');
  rmSync(licenses, { recursive: true, force: true });
  mkdirSync(licenses);
  const stripped = await run('strip', ['--strip-unneeded', '-o', join(platformFolder, 'cuda.node'), addon], { limit: 60 });
  if (stripped.code !== 0) throw new SetupError(`cuda:pack: strip failed: ${tail(stripped.output, 3)}`);
  const text = await agreement();
  writeFileSync(join(licenses, 'cuda-runtime.txt'), text === undefined ? `${origin}.\n` : `${origin}, and follows.\n\n${text}`);
  // Its headers are compiled into the addon.
  const headers = dirname(createRequire(join(packageFolder, 'package.json')).resolve('node-addon-api/package.json'));
  copyFileSync(join(headers, 'LICENSE.md'), join(licenses, 'node-addon-api.txt'));
}

export async function main(options) {
  if (options.includes('--fill')) {
    await fill();
    return 0;
  }
  const target = join(root, '.cache', 'cuda');
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  if (!existsSync(join(packageFolder, 'dist'))) throw new SetupError('Not built yet: run `pnpm build` first.');
  for (const folder of [packageFolder, platformFolder]) {
    const { code, output: messages } = await run('pnpm', ['pack', '--pack-destination', target], { cwd: folder });
    if (code !== 0) throw new SetupError(`cuda:pack: pnpm pack failed in ${relative(root, folder)}:\n${tail(messages)}`);
  }
  const problems = [];
  for (const name of readdirSync(target)) {
    console.log(join(relative(root, target), name));
    problems.push(await lint(join(target, name)));
  }
  const found = problems.filter(Boolean).join('\n');
  if (found) console.error(found);
  return found ? 1 : 0;
}
