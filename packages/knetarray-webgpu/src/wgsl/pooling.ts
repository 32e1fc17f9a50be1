/** Max pooling: the largest elements of windows, where they are, and the gradient. */
import { type DType, isFloat } from '@knet/knetarray';
import type { Operand } from '../shader.js';
import { load, registerOf, store } from './elements.js';
import { declare, lines, range, take } from './words.js';

/** What tells shaders apart that go through windows. */
export interface WindowStructure {
  readonly rank: number;
  /** Lengths of the windows, where that is written out: then all of them lie within x. Otherwise any windows, clipped to x. */
  readonly window: readonly number[] | undefined;
  /** Windows next to each other that a thread goes through, and whether the last thread has fewer. */
  readonly windows: number;
  readonly part: boolean;
}

/** What is done with the largest element of a window. */
export type Use = 'values' | 'indices' | 'both' | 'gradient';

export const poolingThreads = 64;

/**
 * Integers in the order of numbers: NaN comes after all others, and zeros of both signs are the same. WGSL may assume that there is
 * no NaN, and may take the smallest numbers for zero, where it compares floats.
 */
const orderFunction = `
fn order(x: f32) -> i32 {
  let bits = bitcast<i32>(x);
  let size = bits & 0x7fffffff;
  return select(select(size, -size, bits < 0), 0x7fffffff, size > 0x7f800000);
}`;

/**
 * WGSL that goes through the windows of x. Operands: x, then the values, the positions or both; for the gradient x, dy, dx, where
 * windows do not overlap and each writes all elements up to the next one.
 */
export function windowCode(s: WindowStructure, use: Use, names: readonly string[], dtype: DType, operands: readonly Operand[]): string {
  const axes = range(s.rank);
  const others = axes.slice(1);
  const count = use === 'gradient' ? 3 : use === 'both' ? 3 : 2;
  const firsts = ['xFirst', 'yFirst', 'zFirst'].slice(0, count);
  return `
${isFloat(dtype) ? orderFunction : 'fn order(x: i32) -> i32 { return x; }'}
@compute @workgroup_size(${poolingThreads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) counts: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  ${declare([...firsts, ...names], 0)}
  var rest = i32((group.y * counts.x + group.x) * ${poolingThreads}u + lane);
  if (rest >= units) { return; }
  ${take('block', 'blocks')}
  let window = rest * length0 + block * ${s.windows};
  ${others.map(d => take(`at${d}`, `length${d}`)).join('\n  ')}
  let plane = xFirst + rest * planeSize;
  ${others.map(d => `let start${d} = at${d} * stride${d} - padding${d};`).join(' ')}
  ${lines(
    s.windows,
    p => `${s.part ? `if (block * ${s.windows} + ${p} < length0) ` : ''}{
    let at0 = block * ${s.windows} + ${p};
    let start0 = at0 * stride0 - padding0;
    ${s.window === undefined ? clippedWindow(s.rank, dtype, operands[0]!) : wholeWindow(s.window, dtype, operands[0]!)}
    ${useCode(s, use, p, dtype, operands)}
  }`,
  )}
}`;
}

const place = (rank: number, at: (d: number) => string): string =>
  range(rank)
    .map(d => (d === 0 ? at(d) : `(${at(d)}) * size${d}`))
    .join(' + ');

/** Finds `best`, its `bestOrder` and `bestAt`, in a window that lies within x. */
function wholeWindow(window: readonly number[], dtype: DType, x: Operand): string {
  const code = [`let corner = plane + ${place(window.length, d => `start${d}`)};`];
  const total = window.reduce((n, m) => n * m, 1);
  for (let i = 0; i < total; i++) {
    let rest = i;
    const offset = place(window.length, d => {
      const at = rest % window[d]!;
      rest = Math.floor(rest / window[d]!);
      return String(at);
    });
    code.push(`let i${i} = corner + ${offset}; let x${i} = ${load(x, dtype, `i${i}`)}; let o${i} = order(x${i});`);
  }
  code.push('var best = x0; var bestOrder = o0; var bestAt = i0;');
  for (let i = 1; i < total; i++) {
    code.push(`{ let more = o${i} > bestOrder; best = select(best, x${i}, more); bestOrder = select(bestOrder, o${i}, more);
      bestAt = select(bestAt, i${i}, more); }`);
  }
  return code.join('\n    ');
}

/** The same in any window, clipped to x. One that lies beyond x has no element. */
function clippedWindow(rank: number, dtype: DType, x: Operand): string {
  const axes = range(rank);
  const bounds = axes.map(d => `let low${d} = max(start${d}, 0); let high${d} = min(start${d} + window${d}, input${d});`);
  const lowest = isFloat(dtype) ? `bitcast<f32>(0xff800000u | u32(min(units, 0)))` : '0';
  return `${bounds.join(' ')}
    var best: ${registerOf(dtype)} = ${lowest}; var bestOrder = 0; var bestAt = -1;
    ${loops(axes, d => [`low${d}`, `high${d}`])}
      let i = plane + ${place(rank, d => `x${d}`)};
      let element = ${load(x, dtype, 'i')};
      if ((bestAt < 0) | (order(element) > bestOrder)) { best = element; bestOrder = order(element); bestAt = i; }
    ${'}'.repeat(rank)}`;
}

/** Opens loops over \`x0\`, .. along axes, the first one innermost. */
function loops(axes: readonly number[], bounds: (d: number) => readonly [string, string]): string {
  return axes
    .map(d => `for (var x${d} = ${bounds(d)[0]}; x${d} < ${bounds(d)[1]}; x${d}++) {`)
    .reverse()
    .join(' ');
}

function useCode(s: WindowStructure, use: Use, p: number, dtype: DType, operands: readonly Operand[]): string {
  const [, second, third] = operands as [Operand, Operand, Operand];
  const index = 'select(bestAt - xFirst, -1, bestAt < 0)';
  if (use === 'values') return store(second, dtype, `yFirst + window + ${p}`, 'best');
  if (use === 'indices') return store(second, 'int32', `yFirst + window + ${p}`, index);
  if (use === 'both') {
    return `${store(second, dtype, `yFirst + window + ${p}`, 'best')} ${store(third, 'int32', `zFirst + window + ${p}`, index)}`;
  }
  const zero = isFloat(dtype) ? '0.0' : '0';
  const gradient = `let dy = ${load(second, dtype, `yFirst + window + ${p}`)}; let shift = zFirst - xFirst;`;
  if (s.window !== undefined) {
    const total = s.window.reduce((n, m) => n * m, 1);
    return `${gradient} ${lines(total, i => store(third, dtype, `shift + i${i}`, `select(${zero}, dy, bestAt == i${i})`))}`;
  }
  // Windows own what comes after them, and the first one what comes before it.
  const cells = range(s.rank).map(
    d =>
      `let from${d} = select(start${d}, 0, at${d} == 0); let to${d} = select(start${d} + stride${d}, input${d}, at${d} == length${d} - 1);`,
  );
  return `${gradient} ${cells.join(' ')}
    ${loops(range(s.rank), d => [`from${d}`, `to${d}`])}
      let i = plane + ${place(s.rank, d => `x${d}`)};
      ${store(third, dtype, 'shift + i', `select(${zero}, dy, bestAt == i)`)}
    ${'}'.repeat(s.rank)}`;
}

/** WGSL for windows that overlap: each element of dx asks all windows that cover it. Operands: positions, dy, dx. */
export function askWindowsCode(rank: number, names: readonly string[], dtype: DType, operands: readonly Operand[]): string {
  const [indices, dy, dx] = operands as [Operand, Operand, Operand];
  const axes = range(rank);
  const window = axes.map(d => (d === 0 ? 'x0' : `x${d} * ySize${d}`)).join(' + ');
  return `
@compute @workgroup_size(${poolingThreads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) counts: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  ${declare(['indexFirst', 'yFirst', 'xFirst', ...names], 0)}
  let element = i32((group.y * counts.x + group.x) * ${poolingThreads}u + lane);
  if (element >= units) { return; }
  var rest = element;
  ${axes.map(d => take(`at${d}`, `input${d}`)).join('\n  ')}
  ${axes
    .map(
      d => `let low${d} = max(0, (at${d} + padding${d} - window${d} + stride${d}) / stride${d});
  let high${d} = min(length${d}, (at${d} + padding${d}) / stride${d} + 1);`,
    )
    .join('\n  ')}
  var total: ${registerOf(dtype)} = ${isFloat(dtype) ? '0.0' : '0'};
  ${loops(axes, d => [`low${d}`, `high${d}`])}
    let i = rest * yPlane + ${window};
    if (${load(indices, 'int32', 'indexFirst + i')} == element) { total += ${load(dy, dtype, 'yFirst + i')}; }
  ${'}'.repeat(rank)}
  ${store(dx, dtype, 'xFirst + element', 'total')}
}`;
}
