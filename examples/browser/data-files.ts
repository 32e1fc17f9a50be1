/** Puts the data sets of `@knet/datasets` into the site: from where they are, so that the repository holds them once. */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Connect, Plugin } from 'vite';

const source = new URL('../../packages/datasets/data/', import.meta.url);

const names = [
  'mnist/train-images-idx3-ubyte.gz',
  'mnist/train-labels-idx1-ubyte.gz',
  'mnist/t10k-images-idx3-ubyte.gz',
  'mnist/t10k-labels-idx1-ubyte.gz',
  'text/hiawatha.txt',
];

/** A plugin that serves the files under `data/` while the page is developed, and copies them there when it is built. */
export function dataFiles(): Plugin {
  return {
    name: 'data-files',
    configureServer: ({ middlewares }) => void middlewares.use(serve),
    // Also here, because the preview calls what ends in .gz an encoding, and browsers would unpack it on the way.
    configurePreviewServer: ({ middlewares }) => void middlewares.use(serve),
    async generateBundle() {
      for (const name of names) this.emitFile({ type: 'asset', fileName: `data/${name}`, source: await readFile(new URL(name, source)) });
    },
  };
}

function serve(request: Connect.IncomingMessage, response: ServerResponse, next: Connect.NextFunction): void {
  const name = names.find(known => request.url?.split('?')[0] === `/data/${known}`);
  if (name === undefined) {
    next();
    return;
  }
  response.setHeader('content-type', name.endsWith('.gz') ? 'application/gzip' : 'text/plain');
  createReadStream(fileURLToPath(new URL(name, source))).pipe(response);
}
