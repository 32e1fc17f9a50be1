import { createServer } from 'node:http';
import { dataFiles } from '../data-files.js';
import { dataFile } from '../files.js';
import type { Bundle } from './bundle.js';

const html = '<!doctype html><meta charset="utf-8"><title>benchmark</title><link rel="icon" href="data:,">';

/** A server of one page. */
export interface PageServer {
  address: string;
  close(): void;
}

/** Type and content of what lies at a path, or `undefined`. */
function answer(path: string, bundle: Bundle): [type: string, body: string | Uint8Array] | undefined {
  if (path === '/') return ['text/html', `${html}<script type="module" src="/page.js"></script>`];
  const script = bundle.get(path);
  if (script !== undefined) return ['text/javascript', script];
  const name = path.replace(/^\/data\//, '');
  return dataFiles.includes(name) ? ['application/octet-stream', dataFile(name)] : undefined;
}

/** Serves a bundle and the data sets on this machine alone. The headers isolate the page, which gives it a finer clock. */
export function servePage(bundle: Bundle): Promise<PageServer> {
  const server = createServer((request, response) => {
    const found = answer(request.url ?? '/', bundle);
    response.writeHead(found === undefined ? 404 : 200, {
      'content-type': found?.[0] ?? 'text/plain',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    });
    response.end(found?.[1]);
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('servePage: the server has no port');
      const close = (): void => {
        server.close();
        server.closeAllConnections();
      };
      resolve({ address: `http://127.0.0.1:${address.port}/`, close });
    });
  });
}
