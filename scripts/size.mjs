// Sizes of typical imports once a bundler has dropped the rest, against the budgets in size-budgets.json.
// Bundled from the sources, so that a single module (the bytes of the WebAssembly kernels) can be left out of the count.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root } from './lib/process.mjs';
import { sourceAlias } from './lib/workspace.mjs';

const { budgets } = JSON.parse(readFileSync(new URL('./size-budgets.json', import.meta.url), 'utf8'));

/** Replaces one module by one that exports the same names with empty values. */
function blank(path) {
  return {
    name: 'blank',
    setup(build) {
      build.onLoad({ filter: /\.generated\.ts$/ }, ({ path: loaded }) => {
        if (loaded !== path) return undefined;
        const names = [...readFileSync(path, 'utf8').matchAll(/^export (?:const|function) (\w+)/gm)].map(match => match[1]);
        return { contents: names.map(name => `export const ${name} = '';`).join('\n'), loader: 'js' };
      });
    },
  };
}

/** Bytes of the minified bundle of `entry`, after gzip. */
async function gzipped(entry, plugins) {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: root, sourcefile: 'entry.js' },
    alias: sourceAlias(),
    plugins,
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

/** Measures one budget: `{ name, limit, size, full, problem }`, sizes in bytes. */
async function measure({ name, entry, limitKB, without }) {
  const limit = limitKB * 1024;
  if (without && !existsSync(join(root, without))) return { name, limit, problem: `${without}, which it leaves out, does not exist` };
  try {
    const full = await gzipped(entry, []);
    const size = without ? await gzipped(entry, [blank(join(root, without))]) : full;
    return { name, limit, size, full };
  } catch (error) {
    return { name, limit, problem: error.message };
  }
}

/** Measures every budget and resolves to the rows, a table of them and the two counts. */
export async function sizes() {
  const rows = [];
  for (const budget of budgets) rows.push(await measure(budget));
  const good = row => row.size !== undefined && row.size < row.limit;
  const kilobytes = bytes => `${(bytes / 1024).toFixed(2)} KB`;
  const width = Math.max(...rows.map(({ name }) => name.length));
  const line = row => {
    const start = `${good(row) ? 'ok  ' : 'OVER'}  ${row.name.padEnd(width)}`;
    if (row.problem) return `FAIL  ${row.name}: ${row.problem}`;
    const whole = row.full === row.size ? '' : `, ${kilobytes(row.full)} with the bytes of WebAssembly`;
    return `${start}  ${kilobytes(row.size).padStart(9)} of ${kilobytes(row.limit).padStart(9)} (gzip)${whole}`;
  };
  const passed = rows.filter(good).length;
  return { passed, failed: rows.length - passed, output: rows.map(line).join('\n') };
}

export async function main() {
  const { failed, output } = await sizes();
  console.log(output);
  return failed === 0 ? 0 : 1;
}
