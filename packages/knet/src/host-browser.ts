import type { Host } from './host.js';

const noFiles = (advice: string) => Promise.reject(new Error(`this platform has no file system; ${advice}`));

/** Browsers: no files and no terminal. */
export const host: Host = {
  readFile: () => noFiles('fetch the bytes and give them to loadBytes'),
  writeFile: () => noFiles('take the bytes from saveBytes'),
  bar: () => undefined,
  collectGarbage: undefined,
  print: line => console.log(line),
};
