import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { alias } from '../../vitest.config.js';
import { dataFiles } from './data-files.js';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // The site may be put under any path.
  base: './',
  plugins: [dataFiles()],
  // The packages from their sources, so that the page needs no build of them. With the published packages this line goes away.
  resolve: { alias: alias('browser') },
  // The worker loads the WebGPU backend only when it is asked for, which takes modules.
  worker: { format: 'es' },
  build: { target: 'es2022', chunkSizeWarningLimit: 700 },
});
