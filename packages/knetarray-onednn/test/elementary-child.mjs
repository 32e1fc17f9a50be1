// Reads float32 numbers, applies each of the operations named in the first argument, and writes the results one after the other.
import { readFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';

const native = createRequire(import.meta.url)('../build/knet.node');
if (native.isa !== 'avx2') throw new Error(`the addon uses ${native.isa}`);
// The order of native/operations.h.
const names = 'copy neg abs abs2 sign sqrt cbrt exp exp2 exp10 expm1 log log2 log10 log1p sin cos tan asin acos atan sinh cosh tanh'.split(
  ' ',
);
const words = native.connect();
const bytes = readFileSync(0);
const input = new ArrayBuffer(bytes.length);
new Uint8Array(input).set(bytes);
const output = new ArrayBuffer(bytes.length);
for (const name of process.argv[2].split(',')) {
  const code = names.indexOf(name);
  if (code < 0) throw new Error(`no operation ${name}`);
  words.set([0, 1, 0, 1, code, 0, 1, 1]);
  native.compile();
  words.set([words[0], -1, bytes.length / 4, native.address(input), native.address(output)]);
  native.map();
  for (let at = 0; at < bytes.length; ) at += writeSync(1, new Uint8Array(output, at));
}
