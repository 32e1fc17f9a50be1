// Compiles the modules of assembly/ (the products with plain and with relaxed SIMD) and writes their bytes as base64 into
// src/wasm/bytes.generated.ts.
// Usage: node scripts/build-wasm.mjs. `compileSource()` gives the text of that file without writing it.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import asc from 'assemblyscript/asc';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const target = join(root, 'src', 'wasm', 'bytes.generated.ts');
const options = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--enable', 'simd'];

/** Every file of assembly/ by its name relative to the package. */
async function readSources() {
  const names = (await readdir(join(root, 'assembly'))).filter(name => name.endsWith('.ts'));
  const texts = await Promise.all(names.map(name => readFile(join(root, 'assembly', name), 'utf8')));
  return new Map(names.map((name, i) => [`assembly/${name}`, texts[i]]));
}

/** Compiles one build and returns its bytes. */
async function compile(sources, entry, extra = []) {
  let bytes;
  const { error, stderr } = await asc.main([entry, '-o', 'kernels.wasm', ...options, ...extra], {
    readFile: name => sources.get(name.replaceAll('\\', '/')) ?? null,
    writeFile: (_name, contents) => {
      bytes = contents;
    },
    listFiles: () => [],
  });
  if (error || !bytes) throw new Error(`asc ${entry} ${extra.join(' ')}: ${error?.message ?? 'no output'}\n${stderr.toString()}`);
  return bytes;
}

/** Text of src/wasm/bytes.generated.ts. */
export async function compileSource() {
  const sources = await readSources();
  const modules = [
    ['productBytes', 'Products, plain SIMD', await compile(sources, 'assembly/products.ts')],
    ['relaxedProductBytes', 'Products, relaxed SIMD', await compile(sources, 'assembly/products.ts', ['--enable', 'relaxed-simd'])],
    ['elementwiseBytes', 'Programs and pooling', await compile(sources, 'assembly/elementwise.ts')],
  ];
  const constants = modules.map(([name, text, bytes]) => {
    return `/** ${text}: ${bytes.length} bytes in base64. */\nexport const ${name} =\n  '${Buffer.from(bytes).toString('base64')}';\n`;
  });
  return `// Written by scripts/build-wasm.mjs from assembly/. Do not edit.\n\n${constants.join('\n')}`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const text = await compileSource();
  await writeFile(target, text);
  console.log(`${target}: ${text.length} characters`);
}
