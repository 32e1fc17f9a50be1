// Tests in a browser: `vitest run --config vitest.browser.config.ts`.
import { existsSync } from 'node:fs';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { alias } from './vitest.config.js';

/** The browser of the system, or one that KNET_CHROMIUM names; where there is neither, that of `npx playwright install chromium`. */
const executablePath = [process.env.KNET_CHROMIUM, '/usr/bin/chromium'].find(path => path !== undefined && existsSync(path));

export default defineConfig({
  resolve: { alias: alias('browser') },
  // Nothing of node_modules is loaded by the tests themselves.
  optimizeDeps: { noDiscovery: true },
  test: {
    include: ['packages/*/test/**/*.browser.ts'],
    testTimeout: 60_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      instances: [{ browser: 'chromium' }],
      provider: playwright({
        launchOptions: {
          executablePath,
          args: [
            '--no-sandbox',
            // Without a GPU there is an adapter, SwiftShader, only with this flag.
            '--enable-unsafe-webgpu',
            // For the tests that look for what was dropped; nothing else calls it.
            '--js-flags=--expose-gc',
            '--disable-quic',
            '--no-first-run',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
          ],
        },
      }),
    },
  },
});
