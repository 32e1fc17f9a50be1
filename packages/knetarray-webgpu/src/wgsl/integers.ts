/** Functions of whole numbers: 32 bits that wrap around. */
import type { Functions } from './library.js';

/** See the file. */
export const integers: Functions = {
  // Towards 0; 0 for a division by 0.
  divide_whole: 'fn divide_whole(a: i32, b: i32) -> i32 { return select(a / select(b, 1, b == 0), 0, b == 0); }',
  // The inverse of a whole number is a fraction, which becomes 0, but for 1 and -1.
  power_whole: `
fn power_whole(a: i32, b: i32) -> i32 {
  var result = 1;
  var factor = a;
  for (var rest = max(b, 0); rest > 0; rest = rest >> 1u) {
    result *= select(1, factor, (rest & 1) == 1);
    factor *= factor;
  }
  let unit = select(select(0, 1, a == 1), select(1, -1, (b & 1) == 1), a == -1);
  return select(result, unit, b < 0);
}`,
};
