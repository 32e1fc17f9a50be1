/** The browser of the tests: Chromium as the system has it, because the tests download nothing. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/**
 * Starts Chromium with WebGPU, which computes in software where there is no GPU, or without it.
 * @throws Error, in one sentence, when there is none; `KNET_CHROMIUM` names one that is elsewhere
 */
export async function launch({ webgpu = true } = {}): Promise<Browser> {
  const given = process.env.KNET_CHROMIUM;
  const executablePath = given ?? places.find(existsSync);
  if (executablePath === undefined || !existsSync(executablePath)) {
    throw new Error(
      given === undefined
        ? 'The tests of examples/browser need Chromium: install it (apt-get install chromium), or name its program in the variable KNET_CHROMIUM.'
        : `The tests of examples/browser need Chromium, and the variable KNET_CHROMIUM names ${given}, which is not there.`,
    );
  }
  return chromium.launch({
    executablePath,
    args: [
      // Browsers that run as root, as in containers, have no sandbox.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      ...(webgpu ? ['--enable-unsafe-webgpu'] : []),
      ...['--disable-quic', '--no-first-run', '--disable-background-networking'],
      ...['--disable-component-update', '--disable-sync'],
    ],
  });
}
