import { expect, it } from 'vitest';
import { findNative, type Surroundings } from '../src/find-native.js';

interface Addon {
  readonly isa: string;
  readonly path: string;
}

/** A checkout on Linux with nothing built; `files` are there, and `packages` are installed. */
function surroundings(
  changes: Partial<Surroundings<Addon>> & { files?: readonly string[]; packages?: Readonly<Record<string, string>> } = {},
): Surroundings<Addon> {
  const { files = [], packages = {}, ...rest } = changes;
  return {
    platform: 'linux-x64',
    node: '20.19.0',
    override: undefined,
    own: '/package/build/knet.node',
    sources: true,
    exists: path => files.includes(path),
    folderOf: name => packages[name],
    open: path => ({ isa: 'avx2', path }),
    ...rest,
  };
}

const prebuilt = { '@knet/knetarray-onednn-linux-x64': '/modules/linux-x64' };
const own = '/package/build/knet.node';

it('takes the addon that the environment names, then the one built here, then the prebuilt one', () => {
  const files = ['/elsewhere/asan.node', own, '/modules/linux-x64/knet.node'];
  const all = { files, packages: prebuilt };
  expect(findNative(surroundings({ ...all, override: '/elsewhere/asan.node' })).path).toBe('/elsewhere/asan.node');
  expect(findNative(surroundings({ ...all, override: '' })).path).toBe(own);
  expect(findNative(surroundings({ ...all, platform: 'linux-arm64' })).path).toBe(own);
  expect(findNative(surroundings({ ...all, files: files.slice(2) })).path).toBe('/modules/linux-x64/knet.node');
});

it('a wrong KNET_ONEDNN_ADDON is not passed over', () => {
  expect(() => findNative(surroundings({ files: [own], override: '/none.node' }))).toThrow(
    'KNET_ONEDNN_ADDON names /none.node, which does not exist: correct or unset it',
  );
});

it('says what is missing and what to do', () => {
  const message = (changes: Parameters<typeof surroundings>[0]) => {
    try {
      findNative(surroundings(changes));
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
    throw new Error('an addon was found');
  };
  expect(message({})).toBe(
    'the addon of @knet/knetarray-onednn is not built: run `pnpm native`, which needs g++ and libdnnl-dev (Debian: apt-get install g++ libdnnl-dev)',
  );
  // The package of the platform is a folder of the repository, which has no addon until it is packed.
  expect(message({ packages: prebuilt })).toMatch(/is not built: run `pnpm native`/);
  expect(message({ sources: false })).toBe(
    'the addon of @knet/knetarray-onednn is in the package @knet/knetarray-onednn-linux-x64, which is not installed: ' +
      'npm install @knet/knetarray-onednn-linux-x64',
  );
  expect(message({ platform: 'darwin-arm64' })).toBe(
    "@knet/knetarray-onednn has no addon for darwin-arm64, only for linux-x64: use device('cpu')",
  );
  expect(message({ node: '18.20.1', files: [own] })).toBe(
    '@knet/knetarray-onednn needs Node 20 or newer and this is 18.20.1: install a newer one from nodejs.org',
  );
  expect(message({ files: [own], open: path => ({ isa: 'none', path }) })).toBe(
    "this processor has no AVX2 and FMA, which @knet/knetarray-onednn needs: use device('cpu')",
  );
});

it.each([
  ['libdnnl.so.2', 'libdnnl2'],
  ['libgomp.so.1', 'libgomp1'],
  ['libOpenCL.so.1', 'ocl-icd-libopencl1'],
  ['libstdc++.so.6', 'libstdc++6'],
])('names the missing library %s and its package', (library, debian) => {
  const sentence = `${library} is missing, which ${own} needs: install it (Debian: apt-get install ${debian})`;
  for (const text of [
    `${library}: cannot open shared object file: No such file or directory`,
    `Error loading shared library ${library}: No such file or directory (needed by ${own})`,
  ])
    expect(() => findNative(surroundings({ files: [own], open: failing(text) }))).toThrow(sentence);
});

it.each([
  ['libfoo.so.7: cannot open shared object file: No such file or directory', /^libfoo\.so\.7 is missing, .*: install it$/],
  ['Error loading shared library ld-linux-x86-64.so.2: No such file or directory', /is made for glibc, which this system does not have/],
  ["/lib/libstdc++.so.6: version `GLIBCXX_3.4.30' not found (required by knet.node)", /needs GLIBCXX_3\.4\.30, which is newer than this/],
  ['invalid ELF header', /^\/package\/build\/knet\.node cannot be loaded \(invalid ELF header\): build it again with `pnpm native`$/],
])('explains %s', (text, sentence) => {
  expect(() => findNative(surroundings({ files: [own], open: failing(text) }))).toThrow(sentence);
});

it('where nothing can be built, advises nothing to build', () => {
  const installed = surroundings({ files: [own], sources: false, open: failing('invalid ELF header') });
  expect(() => findNative(installed)).toThrow(/: install @knet\/knetarray-onednn again$/);
});

function failing(message: string): () => Addon {
  return () => {
    throw new Error(message);
  };
}
