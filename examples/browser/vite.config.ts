import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { dataFiles } from './data-files.js';

const packages = fileURLToPath(new URL('../../packages/', import.meta.url));

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // The site may be put under any path.
  base: './',
  plugins: [dataFiles()],
  // The packages from their sources, so that the page needs no build of them. With the published packages all of this goes away.
  resolve: {
    alias: [
      { find: /^@knet\/([a-z-]+)\/([a-z-]+)$/, replacement: `${packages}$1/src/$2.ts` },
      { find: /^@knet\/([a-z-]+)$/, replacement: `${packages}$1/src/index.ts` },
      { find: '#knet-host', replacement: `${packages}knet/src/host-browser.ts` },
      { find: '#host', replacement: `${packages}datasets/src/host-browser.ts` },
    ],
  },
  // The worker loads the WebGPU backend only when it is asked for, which takes modules.
  worker: { format: 'es' },
  build: { target: 'es2022', chunkSizeWarningLimit: 700 },
});
