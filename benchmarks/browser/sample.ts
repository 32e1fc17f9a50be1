import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright';
import type { RunOptions, RunResult, WorkloadModule } from '../harness/contract.js';
import { bundlePage } from './bundle.js';
import { servePage } from './server.js';

/** Debian's Chromium; another one is named by the environment variable KNET_CHROMIUM. */
const executablePath = process.env.KNET_CHROMIUM ?? '/usr/bin/chromium';

const args = [
  '--no-sandbox',
  // WebGPU on SwiftShader too, which Chromium does not trust otherwise.
  '--enable-unsafe-webgpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * A workload module that runs in a page of its own, in a Chromium of its own.
 *
 * @param path - the module, whose `run` is called in the page
 */
export async function inChromium(path: string): Promise<WorkloadModule> {
  if (!existsSync(executablePath)) {
    throw new Error(`there is no ${executablePath}: install the package chromium, or name the program in the variable KNET_CHROMIUM`);
  }
  const bundle = await bundlePage(path);
  return {
    async run(options) {
      const server = await servePage(bundle);
      const browser = await chromium.launch({ executablePath, args });
      try {
        return await sampleIn(browser, server.address, options);
      } finally {
        await browser.close();
        server.close();
      }
    },
  };
}

async function sampleIn(browser: Browser, address: string, options: RunOptions): Promise<RunResult> {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', error => errors.push(String(error)));
  page.on('console', message => {
    if (message.type() === 'error') errors.push(message.text());
  });
  try {
    await page.goto(address, { waitUntil: 'networkidle' });
    const result = await page.evaluate(wanted => globalThis.sample?.(wanted), options);
    if (result === undefined) throw new Error('the page has nothing to run');
    return { ...result, where: `Chromium ${browser.version()}, ${result.where}`, helpers: await processorSeconds(browser) };
  } catch (error) {
    // The console often says why.
    const said = errors.length === 0 ? '' : `\n${errors.slice(0, 5).join('\n')}`;
    throw new Error(`${error instanceof Error ? error.message : String(error)}${said}`);
  }
}

/** Processor seconds of all processes of a browser. */
async function processorSeconds(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}
