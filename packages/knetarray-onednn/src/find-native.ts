/** Which addon to load, and the sentence for when there is none. It only decides: what touches the system is handed in. */

/** What the choice depends on. */
export interface Surroundings<T> {
  /** `process.platform` and `process.arch`, as in `linux-x64`. */
  readonly platform: string;
  /** Version of Node. */
  readonly node: string;
  /** Path in KNET_ONEDNN_ADDON: an addon that is taken in place of every other. */
  readonly override: string | undefined;
  /** Path of the addon that was built beside this package. */
  readonly own: string;
  /** Whether the sources of the addon are there, as in a checkout of the repository. */
  readonly sources: boolean;
  exists(path: string): boolean;
  /** Folder of an installed package. */
  folderOf(packageName: string): string | undefined;
  /** Loads an addon. */
  open(path: string): T;
}

const name = '@knet/knetarray-onednn';
const platforms: readonly string[] = ['linux-x64'];
const oldestNode = 20;

/** Debian packages of the libraries that the addon and oneDNN are linked with. */
const debian: readonly (readonly [RegExp, string])[] = [
  [/^libdnnl\.so\.(\d+)$/, 'libdnnl$1'],
  [/^libgomp\.so\.1$/, 'libgomp1'],
  [/^libOpenCL\.so\.1$/, 'ocl-icd-libopencl1'],
  [/^libstdc\+\+\.so\.6$/, 'libstdc++6'],
  [/^libgcc_s\.so\.1$/, 'libgcc-s1'],
];

/**
 * The addon: the one that KNET_ONEDNN_ADDON names, or that was built here, or of the prebuilt package of the platform.
 * @throws Error, in one sentence that says what is missing and what to do
 */
export function findNative<T extends { readonly isa: string }>(surroundings: Surroundings<T>): T {
  const { node } = surroundings;
  if (Number.parseInt(node, 10) < oldestNode)
    throw new Error(`${name} needs Node ${oldestNode} or newer and this is ${node}: install a newer one from nodejs.org`);
  const path = findPath(surroundings);
  let native: T;
  try {
    native = surroundings.open(path);
  } catch (error) {
    throw new Error(explain(error instanceof Error ? error.message : String(error), path, surroundings.sources), { cause: error });
  }
  if (native.isa === 'none') throw new Error(`this processor has no AVX2 and FMA, which ${name} needs: use device('cpu')`);
  return native;
}

function findPath({ platform, override, own, sources, exists, folderOf }: Surroundings<unknown>): string {
  if (override !== undefined && override !== '') {
    if (!exists(override)) throw new Error(`KNET_ONEDNN_ADDON names ${override}, which does not exist: correct or unset it`);
    return override;
  }
  if (exists(own)) return own;
  if (!platforms.includes(platform))
    throw new Error(`${name} has no addon for ${platform}, only for ${platforms.join(', ')}: use device('cpu')`);
  const prebuilt = `${name}-${platform}`;
  const folder = folderOf(prebuilt);
  if (folder !== undefined && exists(`${folder}/knet.node`)) return `${folder}/knet.node`;
  if (sources)
    throw new Error(
      `the addon of ${name} is not built: run \`pnpm native\`, which needs g++ and libdnnl-dev (Debian: apt-get install g++ libdnnl-dev)`,
    );
  throw new Error(`the addon of ${name} is in the package ${prebuilt}, which is not installed: npm install ${prebuilt}`);
}

/** The sentence for a message of the dynamic linker. */
function explain(message: string, path: string, sources: boolean): string {
  // The first form is that of glibc, the second that of musl.
  const [, library] =
    /([\w.+-]+): cannot open shared object/.exec(message) ?? /Error loading shared library ([^\s:]+):/.exec(message) ?? [];
  if (library?.startsWith('ld-linux')) return `${path} is made for glibc, which this system does not have: use device('cpu')`;
  if (library !== undefined) {
    const known = debian.find(([pattern]) => pattern.test(library));
    const advice = known === undefined ? 'install it' : `install it (Debian: apt-get install ${library.replace(known[0], known[1])})`;
    return `${library} is missing, which ${path} needs: ${advice}`;
  }
  const again = sources ? 'build it again with `pnpm native`' : `install ${name} again`;
  const [, version] = /version [`'"]([\w.]+)['"] not found/.exec(message) ?? [];
  if (version !== undefined) return `${path} needs ${version}, which is newer than this system: ${sources ? again : "use device('cpu')"}`;
  return `${path} cannot be loaded (${message.split('\n')[0]}): ${again}`;
}
