/** The page as a static site: built as for visitors, and served under a path of its own. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
  '.gz': 'application/gzip',
};

/** A running server. */
export interface Site {
  /** Address of the page. */
  readonly url: string;
  close(): Promise<void>;
}

/** Builds the page into a folder that is new, and serves it under `/a/path/`, which shows that it does not care where it is. */
export async function serveSite(): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'knet-page-'));
  await build(folder);
  const server = createServer(async ({ url = '' }, response) => {
    const path = decodeURIComponent(new URL(url, 'http://host').pathname);
    const name = path.startsWith('/a/path/') ? normalize(path.slice('/a/path/'.length)) || 'index.html' : '..';
    const bytes = name.startsWith('..')
      ? undefined
      : await readFile(join(folder, name === '.' ? 'index.html' : name)).catch(() => undefined);
    if (bytes === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': types[extname(name)] ?? types['.html'] }).end(bytes);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('serveSite: the server has no port.');
  return {
    url: `http://127.0.0.1:${address.port}/a/path/`,
    async close() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}

/** Runs `vite build` in a process of its own, where nothing of the test's environment changes what is built. */
async function build(folder: string): Promise<void> {
  const { NODE_ENV: _, VITEST: __, ...env } = process.env;
  const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin', 'vite.js');
  const args = [vite, 'build', '--outDir', folder, '--emptyOutDir', '--logLevel', 'warn'];
  await promisify(execFile)(process.execPath, args, { cwd: fileURLToPath(new URL('..', import.meta.url)), env });
}
