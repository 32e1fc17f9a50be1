/** Site and browser for the tests of a file. */
import type { Browser, BrowserContextOptions } from 'playwright';
import { afterAll, afterEach, beforeAll, vi } from 'vitest';
import { launch } from './chromium.js';
import { type Site, serveSite } from './site.js';
import { Visit } from './visit.js';

/** Visits the page, and ends the visits after each test. To be called once, outside of the tests. */
export function visitor() {
  // A GPU in software on a busy machine takes its time.
  vi.setConfig({ testTimeout: 180_000 });
  let [site, browser]: [Site | undefined, Browser | undefined] = [undefined, undefined];
  let visits: Visit[] = [];

  beforeAll(async () => {
    browser = await launch();
    site = await serveSite();
  }, 120_000);
  afterEach(async () => {
    const open = visits;
    visits = [];
    for (const visit of open) await visit.end();
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  return {
    /** Address of the page without parameters. */
    address: (): string => site!.url,
    /** Opens the page with parameters, in the browser of these tests or another. */
    async visit(parameters: Record<string, string | number>, options: BrowserContextOptions = {}, other?: Browser): Promise<Visit> {
      const made = await Visit.begin(other ?? browser!, site!.url, parameters, options);
      visits.push(made);
      return made;
    },
  };
}
