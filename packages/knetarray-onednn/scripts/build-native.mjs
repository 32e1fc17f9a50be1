// Builds the addon: `node scripts/build-native.mjs [--out folder] [--sanitize address,undefined|thread] [--debug]`. Each C++ file
// is compiled when it, a header or the command has changed; files in native/isa/ once for each instruction set.

import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compile, digest, sharedHeaders, stamped } from '../../native-commands/scripts/compile.mjs';

const packageFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const native = join(packageFolder, 'native');
const require = createRequire(import.meta.url);

const isas = {
  avx2: ['-mavx2', '-mfma', '-mbmi2'],
  avx512: ['-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mavx2', '-mfma', '-mbmi2', '-mprefer-vector-width=512'],
};

/** The messages of the compiler, or one sentence when they come to nothing but a missing oneDNN. */
function explain(output) {
  if (!/cannot find -ldnnl|dnnl\w*\.hp?p?: No such file/.test(output)) return output;
  return 'oneDNN is missing: install its headers (Debian: apt-get install libdnnl-dev)';
}

/** Builds the addon into a folder and resolves to the path of `knet.node`. */
export async function buildNative(options) {
  try {
    return await build(options);
  } catch (error) {
    throw new Error(explain(error.message), { cause: error });
  }
}

async function build({ out = join(packageFolder, 'build'), sanitize, debug = false } = {}) {
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
    ...(sanitize ? [`-fsanitize=${sanitize}`, '-fno-sanitize-recover=undefined', '-g', '-fno-omit-frame-pointer'] : []),
    ...include.flatMap(folder => ['-isystem', folder]),
  ];
  const filesOf = (folder, ending) => (existsSync(folder) ? readdirSync(folder).filter(name => name.endsWith(ending)) : []);
  const isaFolder = join(native, 'isa');
  const headers = [native, isaFolder, sharedHeaders].flatMap(folder =>
    filesOf(folder, '.h').map(name => readFileSync(join(folder, name), 'utf8')),
  );
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
  const keys = [];
  const waiting = [...units];
  const worker = async () => {
    for (let unit = waiting.shift(); unit !== undefined; unit = waiting.shift()) {
      const { source, object, flags } = unit;
      const target = join(out, 'objects', object);
      const args = [...common, ...flags, '-c', source, '-o', target];
      const key = digest([compiler, ...args, readFileSync(source, 'utf8'), ...headers]);
      keys.push(key);
      const { fresh, write } = stamped(target, key);
      if (fresh) continue;
      const messages = await compile(compiler, args);
      if (messages) console.error(messages);
      write();
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));

  const target = join(out, 'knet.node');
  const link = [
    '-shared',
    // The threads of the pool live on when the worker thread that loaded the addon ends.
    '-Wl,-z,nodelete',
    // The old kind of path: unlike the new one, it also holds for the libraries of the libraries that lie beside the addon.
    '-Wl,--disable-new-dtags,-rpath,$ORIGIN',
    ...(sanitize ? [`-fsanitize=${sanitize}`] : []),
    ...units.map(({ object }) => join(out, 'objects', object)),
    '-o',
    target,
    '-Wl,--as-needed',
    '-ldnnl',
    '-lpthread',
  ];
  const { fresh, write } = stamped(target, digest([compiler, ...link, ...keys.sort()]));
  if (fresh) return target;
  await compile(compiler, link);
  write();
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
