/** Running kernels in a process that may not use AVX-512. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const child = fileURLToPath(new URL('kernel-child.mjs', import.meta.url));

/** The float32 arrays, of these lengths, that a command of kernel-child.mjs makes of others. */
export function avx2Results(command: readonly string[], inputs: readonly Float32Array[], lengths: readonly number[]): Float32Array[] {
  const input = Buffer.concat(inputs.map(x => Buffer.from(x.buffer, x.byteOffset, x.byteLength)));
  const args = [child, ...command, String(inputs.length)];
  const output = execFileSync(process.execPath, args, { input, maxBuffer: 2 ** 28, env: { ...process.env, KNET_ISA: 'avx2' } });
  const bytes = new Uint8Array(output).buffer;
  let at = 0;
  return lengths.map(n => {
    at += n;
    return new Float32Array(bytes, 4 * (at - n), n);
  });
}
