/** What every example is: a program with options, that can also be called as a function. */
import { realpathSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { argv, exit } from 'node:process';
import { fileURLToPath } from 'node:url';
import { device, seed } from '@knet/knet';
import { type AllValues, type Declaration, parse, UsageError, usage } from './options.js';

/** What an example declares. */
export interface Declared<D> {
  readonly name: string;
  /** A sentence for `--help`. */
  readonly about: string;
  readonly options: D;
}

/** An example as a function of its command-line arguments. */
export type Example = (args: readonly string[]) => Promise<void>;

/**
 * Makes an example: its options besides `--device`, `--seed`, `--plot` and `--help`, and what it does with their values once the
 * device is chosen and the random numbers are seeded.
 */
export function example<D extends Declaration>(
  { name, about, options }: Declared<D>,
  body: (values: AllValues<D>) => Promise<void>,
): Example {
  return async args => {
    const values = parse(name, options, args);
    if (values === undefined) return console.log(usage(name, about, options));
    if (values.plot !== undefined) await checkFolder(values.plot);
    const chosen = await device(values.device).catch(error => {
      throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
    });
    seed(values.seed);
    console.log(`${name} on ${chosen.name}, seed ${values.seed}`);
    await body(values);
  };
}

/** Finds out before a long training, not after it, that the curve has no place to go. */
async function checkFolder(file: string): Promise<void> {
  const folder = dirname(file);
  await access(folder, constants.W_OK).catch(cause => {
    throw new UsageError(`--plot ${file} cannot be written: there is no folder ${folder} that may be written to.`, { cause });
  });
}

/** Runs an example when its module, given by `import.meta.url`, is the program: not when a test or another example imports it. */
export async function runAsProgram(url: string, main: Example): Promise<void> {
  const program = argv[1];
  if (program === undefined || realpathSync(program) !== fileURLToPath(url)) return;
  try {
    await main(argv.slice(2));
  } catch (error) {
    // Our errors are sentences that say what to do, so a stack trace would only bury them.
    console.error(error instanceof Error ? error.message : error);
    exit(1);
  }
}
