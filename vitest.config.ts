import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Imports of the packages, as their sources; platform modules are those that the `imports` conditions of built packages choose. */
export const alias = (platform: 'node' | 'browser') => [
  { find: /^@knet\/([a-z-]+)\/([a-z-]+)$/, replacement: fileURLToPath(new URL('./packages/$1/src/$2.ts', import.meta.url)) },
  { find: /^@knet\/([a-z-]+)$/, replacement: fileURLToPath(new URL('./packages/$1/src/index.ts', import.meta.url)) },
  { find: '#knet-host', replacement: fileURLToPath(new URL(`./packages/knet/src/host-${platform}.ts`, import.meta.url)) },
  { find: '#host', replacement: fileURLToPath(new URL(`./packages/datasets/src/host-${platform}.ts`, import.meta.url)) },
];

export default defineConfig({
  resolve: { alias: alias('node') },
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'docs/**/*.test.ts',
      'examples/**/*.test.ts',
      'benchmarks/**/*.test.ts',
      'scripts/test/**/*.test.mjs',
    ],
    testTimeout: 60_000,
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      reporter: ['text-summary', 'json-summary'],
      reportOnFailure: true,
      thresholds: { lines: 90 },
    },
  },
});
