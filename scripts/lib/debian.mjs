// Packages of Debian and Ubuntu that some checks need.

import { SetupError } from './explain.mjs';
import { run } from './process.mjs';

/** `a`, `a and b`, `a, b and c`. */
const list = words => (words.length > 1 ? `${words.slice(0, -1).join(', ')} and ${words.at(-1)}` : words[0]);

/**
 * What is missing and how to install it, as a sentence.
 *
 * @param purpose - what needs them, with its verb: `The native addon needs`
 * @param missing - what each package is, by its name
 */
export function sentence(purpose, missing) {
  const names = Object.keys(missing);
  const what = list(names.map(name => `${missing[name]} (${name})`));
  return `${purpose} ${what}: install ${names.length > 1 ? 'them' : 'it'} (Debian and Ubuntu: sudo apt-get install ${names.join(' ')}) and run the command again.`;
}

/** Installs packages where that can be done without asking; throws a SetupError elsewhere. Parameters as of `sentence`. */
export async function install(purpose, missing) {
  const names = Object.keys(missing);
  const advice = sentence(purpose, missing);
  if (process.getuid?.() !== 0 || (await run('apt-get', ['--version'], { limit: 30 })).code !== 0) throw new SetupError(advice);
  const command = `apt-get install ${names.join(' ')}`;
  console.log(`set-up: ${command}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const options = ['-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120'];
  const attempt = () => run('apt-get', ['install', ...options, ...names], { env, limit: 300 });
  let { code, output } = await attempt();
  if (code !== 0) {
    // The lists of packages may be absent, as in a container, or old.
    await run('apt-get', ['update'], { env, limit: 120 });
    ({ code, output } = await attempt());
  }
  const reason = output.split('\n').find(line => line.startsWith('E: '));
  if (code !== 0) throw new SetupError(`${advice.slice(0, -1)} (\`${command}\` failed here${reason ? `: ${reason.slice(3)}` : ''}).`);
}
