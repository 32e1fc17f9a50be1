// `npm run demo -- [options]`: set-up, then one epoch of LeNet on MNIST in this terminal.

import { join } from 'node:path';
import { runBuilt } from './lib/built.mjs';
import { setup } from './setup.mjs';

export async function main(options) {
  await setup();
  const given = options.some(option => option === '--epochs' || option.startsWith('--epochs='));
  return runBuilt(join('examples', 'lenet', 'lenet.ts'), given ? options : ['--epochs', '1', ...options]);
}
