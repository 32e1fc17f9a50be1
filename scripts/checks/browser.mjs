// The universal packages bundle for browsers.

import { readFileSync } from 'node:fs';
import { packages } from '../lib/workspace.mjs';

const { nativeOnly } = JSON.parse(readFileSync(new URL('../size-budgets.json', import.meta.url), 'utf8'));

/** A universal package must bundle for browsers as it is published: an import of a Node built-in cannot be resolved there. */
export async function browser() {
  const { build } = await import('esbuild');
  const result = { passed: 0, failed: 0, output: '' };
  for (const { name, folder } of packages().filter(entry => !nativeOnly.includes(entry.name))) {
    try {
      await build({
        stdin: { contents: `export * from '${name}';`, resolveDir: folder, sourcefile: 'entry.js' },
        bundle: true,
        write: false,
        format: 'esm',
        platform: 'browser',
        target: 'es2022',
        logLevel: 'silent',
      });
      result.passed++;
    } catch (error) {
      result.failed++;
      result.output += `${name}: ${error.message}\n`;
    }
  }
  result.output = result.output.trimEnd();
  return result;
}
