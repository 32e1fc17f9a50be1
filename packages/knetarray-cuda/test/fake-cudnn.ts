/** The library that stands in for cuDNN. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const source = (name: string): string => fileURLToPath(new URL(`fake/${name}`, import.meta.url));

/** Compiles it, with or without the functions of recurrent networks, and returns its path. */
export function buildFakeCudnn(path: string, { recurrent = true } = {}): string {
  const flags = ['-std=c++17', '-O1', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-fvisibility=hidden'];
  const sources = [source('cudnn.cc'), ...(recurrent ? [source('cudnn_rnn.cc')] : [])];
  execFileSync(process.env.CXX || 'g++', [...flags, ...sources, '-o', path]);
  return path;
}
