// `npm run demo -- [options]`: set-up, then one epoch of LeNet on MNIST in this terminal, on the portable CPU backend unless
// another device is named: it is what every machine has.

import { join } from 'node:path';
import { runBuilt } from './lib/built.mjs';
import { setup } from './setup.mjs';

const defaults = { '--epochs': '1', '--device': 'cpu' };

/** The options of the demo, with those that were not given. */
export function withDefaults(options) {
  const isGiven = name => options.some(option => option === name || option.startsWith(`${name}=`));
  return [...Object.entries(defaults).flatMap(([name, value]) => (isGiven(name) ? [] : [name, value])), ...options];
}

export async function main(options) {
  await setup();
  return runBuilt(join('examples', 'lenet', 'lenet.ts'), withDefaults(options));
}
