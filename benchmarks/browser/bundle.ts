import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Files of a page by their path in the address, `/page.js` first of all. */
export type Bundle = ReadonlyMap<string, Uint8Array>;

/**
 * Bundles `page.ts` with one workload module, as a user's bundler would bundle an application for browsers.
 *
 * @param workload - path of the module
 * @returns its files, the entry as `/page.js`
 */
export async function bundlePage(workload: string): Promise<Bundle> {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const { outputFiles } = await build({
    stdin: {
      contents: `import { preparePage } from './page.ts'; preparePage(() => import(${JSON.stringify(workload)}));`,
      resolveDir: folder,
    },
    outdir: folder,
    entryNames: 'page',
    write: false,
    bundle: true,
    // Not minified: TensorFlow.js finds its shaders by the names of classes, and keeping names while minifying slows closures down.
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    // With chunks of their own, what only Node can load is not loaded: the modules of other variants.
    splitting: true,
    external: ['node:*'],
    // The packages as they are built, not their sources, which tsconfig.json names for tests.
    tsconfigRaw: {},
    logLevel: 'silent',
  });
  return new Map(outputFiles.map(file => [`/${file.path.slice(folder.length)}`, file.contents]));
}
