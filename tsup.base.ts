import type { Options } from 'tsup';

/** The build that every package shares: one ESM file with types, annotated so that bundlers can drop what is unused. */
export const base: Options = {
  entry: ['src/index.ts'],
  format: 'esm',
  dts: true,
  clean: true,
  sourcemap: true,
  target: 'es2022',
  treeshake: false,
  splitting: false,
  // Deno and Cloudflare know Node's modules only by their full names.
  removeNodeProtocol: false,
  // A copy of another package inside this one would have its own registries: imports of them always stay imports.
  external: [/^@knet\//],
};
