/** Text of src/wasm/bytes.generated.ts, compiled from assembly/. */
export function compileSource(): Promise<string>;
