import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { host as browser } from '../src/host-browser.js';
import { host as node } from '../src/host-node.js';
import { type DataFile, gunzip, readAnyFile, readDataFile, sha256 } from '../src/source.js';

const content = new TextEncoder().encode('a small data set\n');
const packed = new Uint8Array(gzipSync(content));
let file: DataFile;
let folder: string;
let server: Server;
let url: string;
/** What the server answers, and how often it was asked. */
let answer: { status: number; body: Uint8Array };
let requests: string[];

beforeAll(async () => {
  file = { name: 'set/small.gz', size: packed.length, sha256: await sha256(packed) };
  server = createServer((request, response) => {
    requests.push(request.url ?? '');
    response.writeHead(answer.status);
    response.end(answer.body);
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/data/`;
});

afterAll(() => {
  server.close();
});

beforeEach(async () => {
  answer = { status: 200, body: packed };
  requests = [];
  folder = await mkdtemp(join(tmpdir(), 'knet-datasets-'));
  return () => rm(folder, { recursive: true });
});

const corrupted = () => packed.map((byte, i) => (i === 12 ? byte ^ 1 : byte));

describe('sha256', () => {
  it('gives the published example digests', async () => {
    expect(await sha256(new TextEncoder().encode('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(await sha256(new Uint8Array())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  it('says what is missing on an insecure page', async () => {
    vi.stubGlobal('crypto', {});
    await expect(sha256(content)).rejects.toThrow(/serve it by https or from localhost/);
    vi.unstubAllGlobals();
  });
});

describe('gunzip', () => {
  it('unpacks', async () => {
    expect(await gunzip('f', packed)).toEqual(content);
  });

  it('names the file when the bytes are cut short or are no gzip', async () => {
    await expect(gunzip('set/f.gz', packed.subarray(0, packed.length - 3))).rejects.toThrow(/^set\/f\.gz: cannot be read from gzip/);
    await expect(gunzip('set/f.gz', content)).rejects.toThrow(/^set\/f\.gz: cannot be read from gzip/);
  });
});

describe('readDataFile from a directory', () => {
  it('returns the whole file', async () => {
    await writeFile(join(folder, 'small.gz'), packed);
    for (const directory of [folder, `${folder}/`]) expect(new Uint8Array(await readDataFile(file, { directory }))).toEqual(packed);
  });

  it('names the file, expected and found, when it is another one', async () => {
    const path = join(folder, 'small.gz');
    await writeFile(path, packed.subarray(0, 10));
    await expect(readDataFile(file, { directory: folder })).rejects.toThrow(
      `set/small.gz: wrong file from ${path}: expected ${packed.length} bytes, found 10`,
    );
    await writeFile(path, corrupted());
    await expect(readDataFile(file, { directory: folder })).rejects.toThrow(
      `set/small.gz: wrong file from ${path}: expected SHA-256 ${file.sha256}, found ${await sha256(corrupted())}`,
    );
    await writeFile(path, content);
    await expect(readDataFile(file, { directory: folder })).rejects.toThrow(/a server that unpacks \.gz files on the way must not/);
  });

  it('names the file when it is missing', async () => {
    await expect(readDataFile(file, { directory: folder })).rejects.toThrow(/^set\/small\.gz: cannot be read from .*ENOENT/);
    await expect(readDataFile({ ...file, name: 'no/such.file' })).rejects.toThrow(/^no\/such\.file: cannot be read from the package/);
  });
});

describe('readDataFile from a URL', () => {
  it('joins the base and the name', async () => {
    for (const base of [url, url.slice(0, -1), new URL(url)]) expect(await readDataFile(file, { url: base })).toEqual(packed);
    expect(new Set(requests)).toEqual(new Set(['/data/small.gz']));
  });

  it('refuses a wrong answer and keeps nothing of it', async () => {
    const cache = join(folder, 'cache');
    answer = { status: 404, body: content };
    await expect(readDataFile(file, { url, cache })).rejects.toThrow(`set/small.gz: cannot be read from ${url}small.gz: HTTP status 404`);
    answer = { status: 200, body: corrupted() };
    await expect(readDataFile(file, { url, cache })).rejects.toThrow(/^set\/small\.gz: wrong file from .*expected SHA-256/);
    await expect(readdir(cache)).rejects.toThrow(/ENOENT/);
    await expect(readDataFile(file, { url: 'http://127.0.0.1:1/' })).rejects.toThrow(/^set\/small\.gz: cannot be read from http/);
  });

  it('fetches once with a cache', async () => {
    const cache = join(folder, 'cache');
    for (let i = 0; i < 3; i++) expect(new Uint8Array(await readDataFile(file, { url, cache }))).toEqual(packed);
    expect(requests).toHaveLength(1);
    expect(await readdir(join(cache, 'set'))).toEqual(['small.gz']);
  });

  it('fetches a damaged cached file again', async () => {
    await mkdir(join(folder, 'set'));
    for (const damaged of [corrupted(), packed.subarray(0, 5)]) {
      await writeFile(join(folder, 'set/small.gz'), damaged);
      expect(await readDataFile(file, { url, cache: folder })).toEqual(packed);
      expect(new Uint8Array(await readFile(join(folder, 'set/small.gz')))).toEqual(packed);
    }
    expect(requests).toHaveLength(2);
  });

  it('refuses options that contradict each other', async () => {
    await expect(readDataFile(file, { url, directory: folder })).rejects.toThrow(/either url or directory/);
    await expect(readDataFile(file, { cache: folder })).rejects.toThrow(/give url too/);
  });
});

describe('the hosts', () => {
  it('a failed cache write leaves the old file and no other', async () => {
    await node.writeCache(folder, 'a/b', content);
    await expect(node.writeCache(folder, 'a/b/c', content)).rejects.toThrow(/ENOTDIR|EEXIST/);
    await mkdir(join(folder, 'taken'));
    await expect(node.writeCache(folder, 'taken', content)).rejects.toThrow(/EISDIR|ENOTEMPTY/);
    expect(new Uint8Array((await node.readCache(folder, 'a/b')) ?? [])).toEqual(content);
    expect((await readdir(folder)).sort()).toEqual(['a', 'taken']);
    expect(await node.readCache(folder, 'missing')).toBeUndefined();
    await expect(node.readCache(folder, 'taken')).rejects.toThrow(/EISDIR/);
  });

  it('without a file system every call says what to do', async () => {
    await expect(browser.readBundled('mnist/x')).rejects.toThrow(/^mnist\/x: this platform has no file system; give the folder/);
    await expect(browser.readFile('x')).rejects.toThrow(/give a URL/);
    await expect(browser.readCache('dir', 'x')).rejects.toThrow(/leave out the cache option/);
    await expect(browser.writeCache('dir', 'x', content)).rejects.toThrow(/leave out the cache option/);
  });

  it('are chosen by the conditions of package.json, the browser first', () => {
    expect(Object.entries(manifest.imports['#host'])).toEqual([
      ['browser', './dist/host-browser.js'],
      ['node', './dist/host-node.js'],
      ['default', './dist/host-browser.js'],
    ]);
  });

  it('a bundle for browsers has no Node module in it', async () => {
    const src = join(import.meta.dirname, '../src');
    const bundle = async (platform: 'browser' | 'node', host: string) => {
      const source = (name: string) => join(src, `../../${name}/src/index.ts`);
      const alias = {
        '#host': join(src, host),
        '@knet/knetarray': source('knetarray'),
        '@knet/autograd/repeat': join(src, '../../autograd/src/repeat.ts'),
        '@knet/autograd/special': join(src, '../../autograd/src/special.ts'),
        '@knet/autograd/gradcheck': join(src, '../../autograd/src/gradcheck.ts'),
        '@knet/autograd': source('autograd'),
      };
      const entryPoints = [join(src, 'index.ts')];
      const { metafile } = await build({ entryPoints, bundle: true, format: 'esm', write: false, metafile: true, platform, alias });
      return Object.values(metafile.outputs).flatMap(output => output.imports.map(i => i.path));
    };
    expect(await bundle('browser', 'host-browser.ts')).toEqual([]);
    // The same with the other host does need Node, so that the check above sees something.
    expect(await bundle('node', 'host-node.ts')).toContain('node:fs/promises');
  });
});

describe('readAnyFile', () => {
  it('reads paths and URLs', async () => {
    await writeFile(join(folder, 'x.txt'), content);
    expect(new Uint8Array(await readAnyFile(join(folder, 'x.txt')))).toEqual(content);
    expect(await readAnyFile(`${url}x`)).toEqual(packed);
    await expect(readAnyFile(join(folder, 'y.txt'))).rejects.toThrow(/y\.txt: cannot be read/);
  });
});
