import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where a sample is taken: in a process of Node, or in a page of Chromium. */
export type Place = 'node' | 'page';

/** One column of the table: a library in one of its forms. */
export interface Side {
  name: string;
  /** Folder of its workload modules, below `benchmarks/`. */
  folder: string;
  variant: string;
  /** Only run when it is asked for by name. */
  optional?: boolean;
  /** It runs in a page. Our own side does where the others do. */
  place?: 'page';
}

/** Our own side: a workload is one file `knet/<workload>.ts`. */
export const ours: Side = { name: 'knet', folder: 'knet', variant: '' };

/** The libraries we are compared with. */
export const peers: readonly Side[] = [
  { name: 'tfjs-wasm', folder: 'peers/tfjs', variant: 'wasm' },
  { name: 'tfjs-cpu', folder: 'peers/tfjs', variant: 'cpu' },
  { name: 'jax-jit', folder: 'peers/jax', variant: 'jit' },
  { name: 'jax-eager', folder: 'peers/jax', variant: 'eager' },
  // They need Python and Debian's packages, so they run only where somebody asks for them.
  { name: 'torch', folder: 'peers/torch', variant: '', optional: true },
  // PyTorch with the loss written out in the functions of our models, as a user who knows none of its fused ones writes it.
  { name: 'torch-plain', folder: 'peers/torch', variant: 'plain', optional: true },
  { name: 'openblas', folder: 'peers/openblas', variant: '', optional: true },
  // PyTorch on an NVIDIA GPU: as it is, compiled, and with each step recorded as a CUDA graph.
  { name: 'torch-cuda', folder: 'peers/torch', variant: 'cuda', optional: true },
  { name: 'torch-compile', folder: 'peers/torch', variant: 'cuda-compile', optional: true },
  { name: 'torch-graphs', folder: 'peers/torch', variant: 'cuda-graphs', optional: true },
  // What the libraries give to a user who takes no detours around their slow or missing derivatives.
  { name: 'tfjs-wasm-plain', folder: 'peers/tfjs', variant: 'wasm-plain', optional: true },
  { name: 'jax-jit-plain', folder: 'peers/jax', variant: 'jit-plain', optional: true },
  { name: 'jax-eager-plain', folder: 'peers/jax', variant: 'eager-plain', optional: true },
  // On the GPU, which they reach in a browser alone.
  { name: 'tfjs-webgpu', folder: 'peers/tfjs', variant: 'webgpu', optional: true, place: 'page' },
  { name: 'jax-webgpu', folder: 'peers/jax', variant: 'jit-webgpu', optional: true, place: 'page' },
];

/**
 * The peers called `names`, in the order of the table; without names all that are not optional.
 *
 * @throws Error that lists the names, when one is unknown
 */
export function findPeers(names?: readonly string[]): Side[] {
  if (names === undefined) return peers.filter(peer => peer.optional !== true);
  if (names.length === 1 && names[0] === 'none') return [];
  for (const name of names) {
    if (!peers.some(peer => peer.name === name)) {
      throw new Error(`bench: no peer "${name}"; there are ${peers.map(peer => peer.name).join(', ')}, or "none"`);
    }
  }
  return peers.filter(peer => names.includes(peer.name));
}

/** How the files of modules end: these are sources, unless they have been compiled for a machine without TypeScript. */
export const ending = import.meta.url.endsWith('.js') ? '.js' : '.ts';

/** Path of the module that runs `workload` for `side`, or `undefined` when it is not there. */
export function modulePath(side: Side, workload: string): string | undefined {
  const path = fileURLToPath(new URL(`../${side.folder}/${workload}${ending}`, import.meta.url));
  return existsSync(path) ? path : undefined;
}
