import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { findPeers, type Place, peers, type Side } from './sides.js';
import { chooseWorkloads, type Workload, workloads } from './workloads.js';

export const usage = `Usage: pnpm bench [workload...] [options]

Runs Knet.ts and other libraries on the same workloads, each sample in a process of its own, one at a time, and prints one table.

Workloads: ${workloads.map(workload => workload.name).join(', ')} (default: all that the place and the device allow)

  --peer a,b       peers to run: ${peers.map(peer => peer.name).join(', ')}, or none
                   (default: ${findPeers()
                     .map(peer => peer.name)
                     .join(', ')})
  --page           our side in a page of Chromium, with smaller workloads; so it is anyway beside peers that run there
  --device name    device of our side (default cpu)
  --samples n      samples of each side (default 3)
  --budget s       seconds a sample may take before it is cut short and scaled (default 20; in a page none, so that
                   all sides take the same steps and their losses can be compared)
  --cap s          seconds after which a process is killed (default 600)
  --threads n      threads of torch and openblas (default: one for each core, here ${availableParallelism()})
  --quick          one sample with a budget of 2 seconds
  --json file      write all samples there
  --help           this text`;

/** What the command line asks for. */
export interface Arguments {
  help: boolean;
  workloads: readonly Workload[];
  peers: readonly Side[];
  place: Place;
  device: string;
  samples: number;
  budget: number;
  cap: number;
  threads: number;
  json: string | undefined;
}

/** A positive number from the command line. */
function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new Error(`bench: --${name} wants a positive number, not "${text}"`);
  return value;
}

/**
 * Reads the command line, without the program's name.
 *
 * @throws Error that says what is wrong, for an unknown option, workload or peer and for a number that is none
 */
export function parseArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    // pnpm hands on the `--` that may stand before the options.
    args: args.filter(argument => argument !== '--'),
    allowPositionals: true,
    options: {
      peer: { type: 'string', multiple: true },
      page: { type: 'boolean', default: false },
      device: { type: 'string', default: 'cpu' },
      samples: { type: 'string', default: '3' },
      budget: { type: 'string' },
      cap: { type: 'string', default: '600' },
      threads: { type: 'string', default: String(availableParallelism()) },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  // In a page our side runs alone unless other sides that run there are named.
  const wanted = values.peer?.flatMap(names => names.split(',')) ?? (values.page ? ['none'] : undefined);
  const chosen = findPeers(wanted);
  const place = values.page || chosen.some(peer => peer.place === 'page') ? 'page' : 'node';
  const stranger = place === 'page' ? chosen.find(peer => peer.place !== 'page') : undefined;
  if (stranger !== undefined)
    throw new Error(`bench: ${stranger.name} does not run in a page: leave out --page, or name it in another run`);
  return {
    help: values.help,
    workloads: chooseWorkloads(positionals, place, values.device),
    peers: chosen,
    place,
    device: values.device,
    samples: values.quick ? 1 : Math.ceil(positive('samples', values.samples)),
    budget: values.quick ? 2 : positive('budget', values.budget ?? (place === 'page' ? values.cap : '20')),
    cap: positive('cap', values.cap),
    threads: Math.ceil(positive('threads', values.threads)),
    json: values.json,
  };
}
