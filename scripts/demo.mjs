// `npm run demo -- [options]`: set-up, then one epoch of LeNet on MNIST in this terminal.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './lib/explain.mjs';
import { attach, root, tool } from './lib/process.mjs';
import { setup } from './setup.mjs';

export async function main(options) {
  await setup();
  const file = join('examples', 'lenet', 'lenet.ts');
  if (!existsSync(join(root, file))) throw new SetupError(`${file} is missing: restore it with \`git checkout ${file}\`.`);
  // The last of two equal options counts only for some parsers: leave the default out when the caller gives the number.
  const epochs = options.some(option => option === '--epochs' || option.startsWith('--epochs=')) ? [] : ['--epochs', '1'];
  return attach(tool('tsx'), [file, ...epochs, ...options]);
}
