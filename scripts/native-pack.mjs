// `pnpm native:pack`: makes the tarball of the addon for this platform. `--fill` only puts into the folder of the platform's package
// what is packed: the addon, the libraries that a system with nothing but Node lacks, and their licences. Packing it does so first.

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { SetupError, tail } from './lib/explain.mjs';
import { root, run } from './lib/process.mjs';
import { native } from './native.mjs';

const packageFolder = join(root, 'packages', 'knetarray-onednn');
const platformFolder = join(root, 'packages', `knetarray-onednn-${process.platform}-${process.arch}`);

// Node itself needs the first ones on every system, and the others are parts of glibc.
const everywhere = /^(linux-vdso|ld-linux-x86-64|libstdc\+\+|libgcc_s|libc|libm|libpthread|libdl|librt)\.so/;

async function output(command, args) {
  const result = await run(command, args, { limit: 60 });
  if (result.code !== 0) throw new SetupError(`native:pack: ${command} ${args.join(' ')} failed: ${tail(result.output, 3)}`);
  return result.output;
}

/** Names and paths of the libraries that the addon needs, directly or not, and that have to lie beside it. */
async function libraries(addon) {
  const found = [];
  for (const line of (await output('ldd', [addon])).split('\n')) {
    const [, name, path] = /^\s*(\S+)(?: => (.+?))?(?: \(0x[0-9a-f]+\))?$/.exec(line) ?? [];
    if (name === undefined || everywhere.test(basename(name))) continue;
    if (!path?.startsWith('/')) throw new SetupError(`native:pack: ${name}, which the addon needs, is not on this machine.`);
    found.push({ name, path });
  }
  return found;
}

/** The Debian package that a file belongs to. Where it came from and its licence have to go with the file. */
async function debianPackage(path) {
  const owner = (await output('dpkg-query', ['-S', path])).split(':')[0];
  const format = '$' + '{source:Package} $' + '{source:Version}';
  const [source, version] = (await output('dpkg-query', ['-W', '-f', format, owner])).trim().split(' ');
  return { owner, source, version };
}

/** Copies the licence of a library and the common ones to which it refers; adds where its source is. */
async function license({ name, path }, folder) {
  const { owner, source, version } = await debianPackage(realpathSync(path));
  const copyright = readFileSync(`/usr/share/doc/${owner}/copyright`, 'utf8');
  const origin = `${name} is the file of this name from the package ${owner} of Debian, built from the source package ${source} ${version},\nwhich is at https://snapshot.debian.org/package/${source}/${version}/. Debian's note of its licence follows.\n\n`;
  writeFileSync(join(folder, `${name}.txt`), origin + copyright);
  for (const [common] of copyright.matchAll(/\/usr\/share\/common-licenses\/[\w.-]*\w/g)) {
    // The text of the one that is meant goes under the name that the note uses, also where that is a link.
    if (existsSync(common)) copyFileSync(common, join(folder, basename(common)));
  }
}

async function fill() {
  if (!existsSync(join(platformFolder, 'package.json')))
    throw new SetupError(`native:pack: there is no package ${relative(root, platformFolder)}.`);
  const addon = await native();
  for (const name of readdirSync(platformFolder)) {
    if (name === 'knet.node' || name === 'licenses' || name.includes('.so.')) rmSync(join(platformFolder, name), { recursive: true });
  }
  const licenses = join(platformFolder, 'licenses');
  mkdirSync(licenses);
  await output('strip', ['--strip-unneeded', '-o', join(platformFolder, 'knet.node'), addon]);
  for (const library of await libraries(addon)) {
    copyFileSync(library.path, join(platformFolder, library.name));
    await license(library, licenses);
  }
  // Its headers are compiled into the addon.
  const headers = dirname(createRequire(join(packageFolder, 'package.json')).resolve('node-addon-api/package.json'));
  copyFileSync(join(headers, 'LICENSE.md'), join(licenses, 'node-addon-api.txt'));
}

export async function main(options) {
  if (options.includes('--fill')) {
    await fill();
    return 0;
  }
  const target = join(root, '.cache', 'native');
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const folder of [packageFolder, platformFolder]) {
    if (!existsSync(join(packageFolder, 'dist'))) throw new SetupError('Not built yet: run `pnpm build` first.');
    const { code, output: messages } = await run('pnpm', ['pack', '--pack-destination', target], { cwd: folder });
    if (code !== 0) throw new SetupError(`native:pack: pnpm pack failed in ${relative(root, folder)}:\n${tail(messages)}`);
  }
  for (const name of readdirSync(target)) console.log(join(relative(root, target), name));
  return 0;
}
