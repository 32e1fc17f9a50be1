// Entry of the scripts: `node scripts/main.mjs <name of a file beside this one> [options]`. The others are imported only once the
// version of Node is known to be new enough, so that an old one gets a sentence and not a syntax or link error.
/* biome-ignore-all lint/complexity/useOptionalChain: this file also has to parse on very old versions of Node */

const version = process.versions.node.split('.').map(Number);
// What vitest, vite and knip ask for.
const newEnough = (version[0] === 20 && version[1] >= 19) || (version[0] === 22 && version[1] >= 12) || version[0] > 22;

if (!newEnough) {
  console.error(
    `Node ${process.versions.node} cannot run this project: install Node 20.19 or newer (20, 22 or 24) from nodejs.org and run the command again.`,
  );
  if (process.argv[2] === 'test') console.log('0 passed, 1 failed');
  process.exit(1);
}

import(`./${process.argv[2]}.mjs`)
  .then(command => command.main(process.argv.slice(3)))
  .then(
    code => {
      process.exitCode = code;
    },
    error => {
      // A SetupError is a sentence for the reader; anything else is a fault of these scripts, and its stack is wanted.
      console.error(error && error.name === 'SetupError' ? `\n${error.message}` : error);
      process.exitCode = 1;
    },
  );
