// Builds the addon: `node scripts/build-cuda.mjs [--emulation] [--out folder] [--sanitize address,undefined] [--archs 80,90]`, for GPUs
// with nvcc, or with a C++ compiler and the emulator that runs kernels on the processor. A file is compiled when it, a header or the
// command has changed.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compile, digest, sharedHeaders, stamped } from '../../native-commands/scripts/compile.mjs';

const packageFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const native = join(packageFolder, 'native');
// Functions in double precision that CUDA has and C++ lacks.
const processor = join(dirname(packageFolder), 'knetarray-onednn', 'native');
const require = createRequire(import.meta.url);

/** Compute capabilities with machine code, which serves later GPUs of a generation too; PTX of the last one serves newer generations. */
const defaultArchs = ['75', '80', '90'];

/** Path of nvcc: the one that CUDACXX names, else looked for where CUDA's own tools look; undefined when there is none. */
export function findNvcc() {
  const { CUDACXX, CUDA_HOME, CUDA_PATH } = process.env;
  const candidates = CUDACXX ? [CUDACXX] : [CUDA_HOME, CUDA_PATH].flatMap(home => (home ? [join(home, 'bin', 'nvcc')] : []));
  if (!CUDACXX) candidates.push('nvcc', '/usr/local/cuda/bin/nvcc');
  return candidates.find(path => spawnSync(path, ['--version'], { stdio: 'ignore' }).status === 0);
}

/** Folder of CUDA's headers, as nvcc itself sees it. */
export function cudaHeaders(nvcc) {
  const { stderr } = spawnSync(nvcc, ['--dryrun', '-E', '-x', 'cu', '/dev/null'], { encoding: 'utf8' });
  const found = [...stderr.matchAll(/"-I([^"]+)"|-I(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
  const folder = found.find(path => existsSync(join(path, 'cuda_runtime_api.h')));
  if (folder === undefined) throw new Error(`${nvcc} does not tell where its headers are: ${stderr.slice(0, 300)}`);
  return folder;
}

const filesOf = (folder, ending) => readdirSync(folder).flatMap(name => (name.endsWith(ending) ? [join(folder, name)] : []));

/** What the compiler that translates the addon itself, and the emulation, is told. */
const hostFlags = [
  '-std=c++17',
  '-fPIC',
  '-fvisibility=hidden',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-DNAPI_VERSION=8',
  '-DNAPI_CPP_EXCEPTIONS',
];

function emulationUnits(sanitize) {
  const flags = [
    ...hostFlags,
    '-O2',
    // As CUDA without contraction: results can be compared.
    '-ffp-contract=off',
    '-Wno-unknown-pragmas',
    '-Wno-maybe-uninitialized',
    ...(sanitize ? [`-fsanitize=${sanitize}`, '-fno-sanitize-recover=undefined', '-g', '-fno-omit-frame-pointer'] : []),
  ];
  const sources = [
    ...filesOf(native, '.cc'),
    ...filesOf(join(native, 'emulation'), '.cc'),
    ...filesOf(join(native, 'kernels'), '.cu'),
    join(processor, 'special.cc'),
    join(processor, 'error-functions.cc'),
  ];
  return sources.map(source => ({ source, compiler: process.env.CXX || 'g++', flags: [...flags, '-x', 'c++'] }));
}

function gpuUnits(archs) {
  const nvcc = findNvcc();
  if (nvcc === undefined)
    throw new Error('no nvcc: install the CUDA toolkit (developer.nvidia.com/cuda-downloads), or name its compiler in CUDACXX');
  const flags = [
    '-O3',
    '-std=c++17',
    '--expt-relaxed-constexpr',
    '-Werror',
    'all-warnings',
    // A null stream would wait for all others.
    '-Werror',
    'default-stream-launch',
    '-Xcompiler',
    '-fPIC,-fvisibility=hidden,-Wall,-Wextra',
    '--compress-mode=size',
    // Registers and spills of every kernel.
    '-Xptxas',
    '-v',
    ...archs.flatMap(arch => ['-gencode', `arch=compute_${arch},code=sm_${arch}`]),
    '-gencode',
    `arch=compute_${archs.at(-1)},code=compute_${archs.at(-1)}`,
    '-DKNET_CUDA',
    '-x',
    'cu',
  ];
  const sources = [...filesOf(native, '.cc').filter(path => !path.endsWith('addon.cc')), ...filesOf(join(native, 'kernels'), '.cu')];
  const addon = {
    source: join(native, 'addon.cc'),
    compiler: process.env.CXX || 'g++',
    flags: [...hostFlags, '-O2', '-DKNET_CUDA', '-isystem', cudaHeaders(nvcc)],
  };
  return { nvcc, units: [addon, ...sources.map(source => ({ source, compiler: nvcc, flags }))] };
}

/** Folders of Node-API's headers: KNET_NODE_HEADERS names one with all of them where no packages are installed. */
function nodeHeaders() {
  const { KNET_NODE_HEADERS } = process.env;
  if (KNET_NODE_HEADERS) return [KNET_NODE_HEADERS];
  return [dirname(require.resolve('node-addon-api/napi.h')), require('node-api-headers').include_dir];
}

/** Lines of a compiler's messages that somebody should see: what ptxas tells of each kernel is for `report`. */
function warnings(messages) {
  const expected = /^(ptxas info|\s+\d+ bytes stack frame|\s*$)/;
  return messages
    .split('\n')
    .filter(line => !expected.test(line))
    .join('\n');
}

/**
 * Builds the addon into a folder and resolves to its path. `report(source, messages)` gets what the compiler said of each file, also
 * when that was in an earlier build.
 */
export async function buildCuda({ emulation = false, out = join(packageFolder, 'build'), sanitize, archs = defaultArchs, report } = {}) {
  const { nvcc, units } = emulation ? { units: emulationUnits(sanitize) } : gpuUnits(archs);
  const include = nodeHeaders();
  const headers = [native, join(native, 'emulation'), join(native, 'kernels'), processor, sharedHeaders].flatMap(folder =>
    filesOf(folder, '.h').map(path => readFileSync(path, 'utf8')),
  );
  const objects = join(out, emulation ? 'emulation-objects' : 'objects');
  mkdirSync(objects, { recursive: true });
  const keys = [];
  const made = [];
  const waiting = [...units];
  const worker = async () => {
    for (let unit = waiting.shift(); unit !== undefined; unit = waiting.shift()) {
      const { source, compiler, flags } = unit;
      const target = join(objects, `${relative(dirname(packageFolder), source).replace(/[/\\]/g, '-')}.o`);
      made.push(target);
      const args = [...flags, ...include.flatMap(folder => ['-isystem', folder]), '-c', source, '-o', target];
      const key = digest([compiler, ...args, readFileSync(source, 'utf8'), ...headers]);
      keys.push(key);
      const { fresh, write } = stamped(target, key);
      const log = `${target}.log`;
      if (!fresh || !existsSync(log)) {
        const messages = await compile(compiler, args);
        const shown = warnings(messages);
        if (shown) console.error(shown);
        writeFileSync(log, messages);
        write();
      }
      report?.(source, readFileSync(log, 'utf8'));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  made.sort();
  const target = join(out, emulation ? 'cuda_emu.node' : 'cuda.node');
  const link = emulation
    ? ['-shared', ...(sanitize ? [`-fsanitize=${sanitize}`] : []), ...made, '-o', target, '-ldl']
    : ['-shared', '-cudart', 'static', ...made, '-o', target, '-Xlinker', '--exclude-libs,ALL', '-ldl'];
  const linker = emulation ? process.env.CXX || 'g++' : nvcc;
  const { fresh, write } = stamped(target, digest([linker, ...link, ...keys.sort()]));
  if (fresh) return target;
  await compile(linker, link);
  write();
  return target;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { emulation: { type: 'boolean' }, out: { type: 'string' }, sanitize: { type: 'string' }, archs: { type: 'string' } },
  });
  try {
    console.log(await buildCuda({ ...values, archs: values.archs?.split(',') }));
  } catch (error) {
    console.error(`build of @knet/knetarray-cuda: ${error.message}`);
    process.exitCode = 1;
  }
}
