/** What the umbrella asks of the platform. `#knet-host` resolves to one of two modules by the `imports` conditions of package.json. */
export interface Host {
  /** The bytes of a file. */
  readFile(path: string): Promise<Uint8Array>;
  /** Writes a file in one step: a reader sees the old file or the whole new one, and a failure leaves the old one. */
  writeFile(path: string, bytes: Uint8Array): Promise<void>;
  /** A progress bar, or undefined where output goes to no terminal. */
  bar(format: string, total: number): Bar | undefined;
  /** Frees what JavaScript has dropped lately; undefined where the platform cannot be asked. */
  readonly collectGarbage: (() => void) | undefined;
  /** Prints a line beside the program's own output. */
  print(line: string): void;
}

/** A progress bar on a terminal. */
export interface Bar {
  /** Shows a count, and texts in place of `{name}` in the format. */
  update(value: number, texts: Readonly<Record<string, string>>): void;
  /** Leaves the bar as it is and goes to the next line. */
  stop(): void;
}
