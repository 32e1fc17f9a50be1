import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunOptions, RunResult } from '../../harness/contract.js';

/** Debian's interpreter: python3-torch is a package for it, and another one that stands first on PATH would not find it. */
const interpreter = '/usr/bin/python3';

/** Where a script runs, and what it is told about that. */
interface Place {
  python: string;
  env: Record<string, string>;
  settings: Record<string, unknown>;
}

/**
 * On a GPU: with the first interpreter on PATH or the one that KNET_PYTHON names, since PyTorch for CUDA is no package of Debian.
 * KNET_TORCH_DEVICE is for trying the scripts where there is no GPU.
 */
function onGpu(): Place {
  return {
    python: process.env.KNET_PYTHON ?? 'python3',
    env: scripts,
    settings: { torchDevice: process.env.KNET_TORCH_DEVICE ?? 'cuda' },
  };
}

/** On processors. @throws Error in one sentence when something is not installed */
function onProcessors(threads: number): Place {
  if (!existsSync(interpreter)) throw new Error(`there is no ${interpreter}: install python3, python3-torch and libopenblas0-openmp`);
  const blas = openblasFolder();
  if (blas === undefined) throw new Error('OpenBLAS with OpenMP threads is missing: install the Debian package libopenblas0-openmp');
  const cpuinfo = '/proc/cpuinfo';
  const flags = existsSync(cpuinfo) ? readFileSync(cpuinfo, 'latin1') : '';
  return { python: interpreter, env: environment(flags, blas, threads), settings: { blas: join(blas, 'libopenblas.so.0') } };
}

/** Where the scripts find the module that they share. */
const scripts = { PYTHONPATH: fileURLToPath(new URL('.', import.meta.url)), PYTHONDONTWRITEBYTECODE: '1' };

/** What a script gets and gives besides the options of the sample. */
interface Exchange {
  /** Arrays that the script reads by name, as raw files. */
  inputs: Readonly<Record<string, Float32Array | Int32Array>>;
  /** Further options for the script, handed over as JSON. */
  settings?: Readonly<Record<string, unknown>>;
}

/** The answer of a script: its sample, and the float32 arrays that it wrote, by name. */
export interface Answer {
  result: RunResult;
  outputs: ReadonlyMap<string, Float32Array>;
}

/** Folder of the OpenBLAS that shares its threads with OpenMP, or `undefined` when the package is not installed. */
export function openblasFolder(libraries = '/usr/lib'): string | undefined {
  if (!existsSync(libraries)) return undefined;
  const folders = readdirSync(libraries).map(triplet => join(libraries, triplet, 'openblas-openmp'));
  return folders.find(folder => existsSync(join(folder, 'libopenblas.so.0')));
}

/**
 * The environment in which PyTorch and OpenBLAS are fastest here. Debian's default BLAS starts a second pool of threads, which
 * fights with that of OpenMP; neither library picks its AVX-512 kernels by itself on every processor that has them; and with
 * glibc's defaults each array of some megabytes is mapped and unmapped anew, so that its pages are zeroed at every step.
 *
 * @param flags - features of the processor, as /proc/cpuinfo lists them
 * @param blas - folder of OpenBLAS's OpenMP build
 */
export function environment(flags: string, blas: string, threads: number): Record<string, string> {
  const has = (flag: string): boolean => new RegExp(`\\b${flag}\\b`).test(flags);
  const kernels: Record<string, string> = has('avx512f')
    ? { OPENBLAS_CORETYPE: 'SkylakeX', ATEN_CPU_CAPABILITY: 'avx512' }
    : has('avx2')
      ? { OPENBLAS_CORETYPE: 'Haswell', ATEN_CPU_CAPABILITY: 'avx2' }
      : {};
  return {
    ...kernels,
    OMP_NUM_THREADS: String(threads),
    LD_LIBRARY_PATH: blas,
    MALLOC_MMAP_THRESHOLD_: String(2 ** 30),
    MALLOC_TRIM_THRESHOLD_: String(2 ** 33),
    ...scripts,
  };
}

/**
 * Takes one sample in a Python process: `<folder>/<workload>.py` reads its inputs from a temporary folder, which is removed
 * afterwards, and prints its result as the last line of its output.
 *
 * @param module - `import.meta.url` of the workload module; the script lies beside it and has its name
 * @throws Error with what the script says when it fails, in one sentence when something is not installed
 */
export async function runPython(module: string, options: RunOptions, exchange: Exchange): Promise<Answer> {
  const place = options.variant.startsWith('cuda') ? onGpu() : onProcessors(options.threads);
  const folder = mkdtempSync(join(tmpdir(), 'knet-bench-'));
  try {
    for (const [name, data] of Object.entries(exchange.inputs)) {
      const kind = data instanceof Int32Array ? 'i32' : 'f32';
      writeFileSync(join(folder, `${name}.${kind}`), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
    const script = fileURLToPath(module).replace(/\.[jt]s$/, '.py');
    const settings = { ...options, ...exchange.settings, ...place.settings, folder };
    const printed = await output(place.python, [script, JSON.stringify(settings)], { ...process.env, ...place.env });
    const outputs = readdirSync(folder).filter(name => name.endsWith('.out'));
    return {
      result: JSON.parse(printed.trim().split('\n').at(-1) ?? '') as RunResult,
      outputs: new Map(outputs.map(name => [name.slice(0, -'.out'.length), floats(readFileSync(join(folder, name)))])),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const floats = (bytes: Buffer): Float32Array => new Float32Array(new Uint8Array(bytes).buffer);

/** What a script prints; its standard input stays open, so that it notices when this process dies. */
function output(python: string, args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(python, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  return new Promise((resolve, reject) => {
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', chunk => {
      stdout += String(chunk);
    });
    child.stderr.on('data', chunk => {
      stderr = (stderr + String(chunk)).slice(-4000);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(stdout);
      // The last line is the message, of an exception too; the lines before it say where it came from.
      else reject(new Error(`${stderr.trim().split('\n').at(-1) || `${args[0]} ended with ${signal ?? code}`}\n${stderr}`));
    });
  });
}
