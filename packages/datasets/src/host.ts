/** What the data sets ask of the platform. `#host` resolves to one of two modules by the `imports` conditions of package.json. */
export interface Host {
  /**
   * A file of the package's own data folder.
   * @param name relative path, such as `mnist/train-labels-idx1-ubyte.gz`
   */
  readBundled(name: string): Promise<Uint8Array>;
  /** A file by its path. */
  readFile(path: string): Promise<Uint8Array>;
  /** A file of a cache directory, or undefined if it is not there. */
  readCache(directory: string, name: string): Promise<Uint8Array | undefined>;
  /** Writes a file of a cache directory in one step: a reader sees the old file or the whole new one. */
  writeCache(directory: string, name: string, bytes: Uint8Array): Promise<void>;
}
