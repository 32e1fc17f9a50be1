import type { Host } from './host.js';

const noFiles = (what: string, advice: string) => Promise.reject(new Error(`${what}: this platform has no file system; ${advice}`));

/** Browsers: no file system, so every data set comes from a URL that the caller gives. */
export const host: Host = {
  readBundled: name => noFiles(name, 'give the folder it is served from, as in mnist({ url: "/data/mnist/" })'),
  readFile: path => noFiles(path, 'give a URL'),
  readCache: directory => noFiles(directory, 'leave out the cache option (the browser keeps its own cache)'),
  writeCache: directory => noFiles(directory, 'leave out the cache option (the browser keeps its own cache)'),
};
