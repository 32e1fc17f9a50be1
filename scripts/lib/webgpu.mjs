// Where the WebGPU implementations that the tests use are found: a browser, and Vulkan drivers that need no GPU.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { install } from './debian.mjs';
import { SetupError } from './explain.mjs';

const linux = process.platform === 'linux';

/** The first file of a folder whose name matches, or undefined. */
function fileIn(folder, pattern) {
  const name = existsSync(folder) ? readdirSync(folder).find(entry => pattern.test(entry)) : undefined;
  return name === undefined ? undefined : join(folder, name);
}

/** Chromium, or what KNET_CHROMIUM names; undefined when there is none. */
export async function chromium() {
  // Playwright's own is there after `npx playwright install chromium`. Imported here: it exists only after the set-up.
  const { chromium: own } = await import('playwright');
  const named = process.env.KNET_CHROMIUM;
  if (named && !existsSync(named)) throw new SetupError(`KNET_CHROMIUM names ${named}, which does not exist: correct or unset it.`);
  return [named, '/usr/bin/chromium', '/usr/bin/google-chrome', own.executablePath()].find(path => path && existsSync(path));
}

/** Mesa's Vulkan driver for processors, lavapipe; undefined when it is not installed. */
export const lavapipe = () => fileIn('/usr/share/vulkan/icd.d', /^lvp_icd.*\.json$/);

/** Whether the loader of Vulkan drivers is installed. */
function loader() {
  const folders = ['/usr/lib', '/usr/lib64'].filter(existsSync);
  const nested = folders.flatMap(folder =>
    readdirSync(folder)
      .filter(name => /-linux-gnu/.test(name))
      .map(name => join(folder, name)),
  );
  return [...folders, ...nested].some(folder => existsSync(join(folder, 'libvulkan.so.1')));
}

/** Sees to it that everything is there, and resolves to what it is. Throws a SetupError that says what is missing. */
export async function prepareWebgpu() {
  const missing = {};
  if ((await chromium()) === undefined) {
    if (!linux)
      throw new SetupError(
        'The tests in a browser need Chromium: run `npx playwright install chromium`, or name a browser in KNET_CHROMIUM.',
      );
    missing.chromium = 'Chromium';
  }
  // Elsewhere WebGPU runs on what the system brings.
  if (linux && !loader()) missing.libvulkan1 = 'the loader of Vulkan drivers';
  if (linux && lavapipe() === undefined) missing['mesa-vulkan-drivers'] = 'a Vulkan driver for processors';
  if (Object.keys(missing).length > 0) await install('The tests on WebGPU need', missing);
  return [await chromium(), lavapipe()].filter(Boolean).join(', ');
}
