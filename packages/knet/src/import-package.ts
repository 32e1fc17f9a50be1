/**
 * Loads a package that may not be installed. Its name is not written out here, so that bundlers of applications without it do not
 * look for it.
 */
export function importPackage(name: string): Promise<unknown> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name);
}
