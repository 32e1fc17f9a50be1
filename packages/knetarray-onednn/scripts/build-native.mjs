// Builds the addon: `node scripts/build-native.mjs [--out folder] [--sanitize address|thread] [--debug]`. Each C++ file is
// compiled when it, a header or the command has changed; files in native/isa/ once for each instruction set.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const packageFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const native = join(packageFolder, 'native');
const require = createRequire(import.meta.url);

const isas = {
  avx2: ['-mavx2', '-mfma', '-mbmi2'],
  avx512: ['-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mavx2', '-mfma', '-mbmi2', '-mprefer-vector-width=512'],
};

/** Runs the compiler; resolves to its messages, or rejects with them. */
function compile(compiler, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(compiler, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk));
    child.on('error', error =>
      reject(
        error.code === 'ENOENT'
          ? new Error(`no C++ compiler '${compiler}': install g++ (Debian: apt-get install g++), or name one in CXX`)
          : error,
      ),
    );
    child.on('close', code => (code === 0 ? resolve(output) : reject(new Error(output || `${compiler} ended with code ${code}`))));
  });
}

/** Builds the addon into a folder and resolves to the path of `knet.node`. */
export async function buildNative({ out = join(packageFolder, 'build'), sanitize, debug = false } = {}) {
  const compiler = process.env.CXX || 'g++';
  const include = [dirname(require.resolve('node-addon-api/napi.h')), require('node-api-headers').include_dir, native];
  const common = [
    '-std=c++17',
    '-fPIC',
    '-fvisibility=hidden',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-Wno-error=maybe-uninitialized',
    '-DNAPI_VERSION=8',
    '-DNAPI_CPP_EXCEPTIONS',
    ...(debug ? ['-Og', '-g'] : ['-O3', '-fno-math-errno', '-fno-trapping-math']),
    ...(sanitize ? [`-fsanitize=${sanitize}`, '-g', '-fno-omit-frame-pointer'] : []),
    ...include.flatMap(folder => ['-isystem', folder]),
  ];
  const filesOf = (folder, ending) => (existsSync(folder) ? readdirSync(folder).filter(name => name.endsWith(ending)) : []);
  const isaFolder = join(native, 'isa');
  const headers = [native, isaFolder].flatMap(folder => filesOf(folder, '.h').map(name => readFileSync(join(folder, name), 'utf8')));
  const units = [
    ...filesOf(native, '.cc').map(name => ({ source: join(native, name), object: name.replace('.cc', '.o'), flags: ['-march=x86-64'] })),
    ...filesOf(isaFolder, '.cc').flatMap(name =>
      Object.entries(isas).map(([isa, flags]) => ({
        source: join(isaFolder, name),
        object: name.replace('.cc', `.${isa}.o`),
        flags: [...flags, `-DKNET_ISA=${isa}`],
      })),
    ),
  ];
  mkdirSync(join(out, 'objects'), { recursive: true });
  let changed = false;
  const waiting = [...units];
  const worker = async () => {
    for (let unit = waiting.shift(); unit !== undefined; unit = waiting.shift()) {
      const { source, object, flags } = unit;
      const args = [...common, ...flags, '-c', source, '-o', join(out, 'objects', object)];
      const key = createHash('sha256')
        .update([compiler, ...args, readFileSync(source, 'utf8'), ...headers].join('\0'))
        .digest('hex');
      const stamp = join(out, 'objects', `${object}.key`);
      if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key) continue;
      changed = true;
      const messages = await compile(compiler, args);
      if (messages) console.error(messages);
      writeFileSync(stamp, key);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  const target = join(out, 'knet.node');
  if (!changed && existsSync(target)) return target;
  const objects = units.map(({ object }) => join(out, 'objects', object));
  // nodelete: the threads of the pool live on when the worker thread that loaded the addon ends.
  const link = [
    '-shared',
    '-Wl,-z,nodelete',
    '-Wl,-rpath,$ORIGIN',
    '-Wl,--no-undefined-version',
    ...(sanitize ? [`-fsanitize=${sanitize}`] : []),
  ];
  await compile(compiler, [...link, ...objects, '-o', target, '-ldnnl', '-lpthread']);
  return target;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { out: { type: 'string' }, sanitize: { type: 'string' }, debug: { type: 'boolean' } } });
  try {
    console.log(await buildNative(values));
  } catch (error) {
    console.error(`build of @knet/knetarray-onednn: ${error.message}`);
    process.exitCode = 1;
  }
}
