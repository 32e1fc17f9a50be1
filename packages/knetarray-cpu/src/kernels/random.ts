/** Random numbers from the shared Philox generator. */
import { type Distribution, fillBits, fillNormal, fillUniform, type View } from '@knet/knetarray';
import { elements } from './storage.js';

/** The random kernel. */
export function random(distribution: Distribution, key: readonly [number, number], output: View): void {
  const data = elements(output);
  const part = data.subarray(output.offset, output.offset + output.shape.reduce((n, m) => n * m, 1));
  if (part instanceof Float32Array || part instanceof Float64Array) {
    if (distribution === 'normal') fillNormal(key, part);
    else fillUniform(key, part);
    return;
  }
  if (distribution !== 'bits') throw new TypeError(`random: '${distribution}' needs float32 or float64`);
  const bits = new Uint32Array(part.length);
  fillBits(key, bits);
  part.set(bits);
}
