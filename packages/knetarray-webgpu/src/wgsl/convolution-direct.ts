/**
 * Direct convolution: a thread computes a block of positions along the first axis for a block of output channels. It needs no memory
 * but registers, which suits processors, and GPUs where few output channels share their inputs.
 */
import type { DType } from '@knet/knetarray';
import type { DirectStructure } from '../kernels/convolution-direct.js';
import { paramFloat } from '../params.js';
import type { Operand } from '../shader.js';
import { changeable, firstTapFunction, phaseCode } from './convolution-phases.js';
import { load, store } from './elements.js';
import { equalLoads } from './equal-loads.js';
import { both, declare, lines, range, take } from './words.js';

/** WGSL of `directDispatch`, whose parameters have these names. Operands: w, in, out. */
export function directCode(s: DirectStructure, names: readonly string[], dtype: DType, operands: readonly Operand[]): string {
  const [w, x, out] = operands as [Operand, Operand, Operand];
  const { taps: K, positions: P, outputs: R } = s;
  const filter = equalLoads(
    'w',
    [R, K],
    s.subgroups,
    (r, k) => `${r} * wOutput + ${k} * wTap0`,
    index => load(w, dtype, index),
  );
  const inputs = range(P + K - 1).filter(p => column(s, p) !== 'false');
  const input = (p: number): string => {
    const element = load(x, dtype, `xi + in_at${p}`);
    const inside = both(rowInside(s), column(s, p));
    return inside === 'true' ? element : `select(0.0, ${element}, ${inside})`;
  };
  const products = (r: number, k: number): string[] =>
    range(P)
      .filter(p => inputs.includes(p + k))
      .map(p => `s${r * P + p} += x${p + k} * f;`);
  return `
${s.phased ? firstTapFunction : ''}
@compute @workgroup_size(${s.threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) counts: vec3<u32>, @builtin(local_invocation_index) lane: u32${
    s.subgroups ? ', @builtin(subgroup_invocation_id) member: u32' : ''
  }) {
  ${changeable(declare(['wFirst', 'inFirst', 'outFirst', ...names], 1))}
  ${placeCode(s)}
  ${s.subgroups ? 'let quarter = i32(member & 3u);' : ''}
  ${filter.setup}
  ${inputs.map(p => `let in_at${p} = ${p} * inStep0;`).join(' ')}
  ${s.padded ? boundsCode(s) : ''}
  ${lines(R * P, i => `var s${i} = 0.0;`, ' ')}
  ${walkCode(
    s,
    `${s.padded ? insideCode(s) : ''}
    ${inputs.map(p => `let x${p} = ${input(p)};`).join('\n    ')}
    ${filter.load('wi')}
    ${lines(R * K, e => `{ let f = ${filter.value(e)}; ${products(Math.floor(e / K), e % K).join(' ')} }`)}`,
  )}
  let alpha = ${paramFloat(0)};
  ${storeCode(s, out, dtype)}
}`;
}

/** What the thread computes: `position`, `row` and `at1`, `at2`, and where in the arrays that begins: `xi`, `wi` and `yi`. */
function placeCode({ rank, positions, outputs, threads, instances, phased, grouped }: DirectStructure): string {
  const others = range(rank).slice(1);
  const strides = (name: string): string => others.map(d => ` + at${d} * ${name}${d}`).join('');
  // Phases are of different lengths; rows are counted by the longest.
  const places = others.map(d => {
    const length = phased ? `longest${d}` : `length${d}`;
    return take(`at${d}`, length);
  });
  // Threads beyond the last row help to load filters, and compute it again.
  const row = `if (rest >= rowBlocks) { return; }
  let row = rest * ${threads} + i32(lane);
  rest = min(row, rows - 1);`;
  return `var xi = inFirst + inStart;
  var wi = wFirst + wStart;
  var yi = outFirst;
  var rest = i32(group.y * counts.x + group.x);
  ${take('outputBlock', 'outputBlocks')}
  ${take('positionBlock', 'positionBlocks')}
  let firstOutput = outputBlock * ${outputs};
  let position = positionBlock * ${positions};
  ${grouped ? `${take('g', 'groups')} xi += g * inGroup; wi += g * wGroup; yi += g * outGroup;` : ''}
  ${phased ? phaseCode(rank) : ''}
  ${(instances ? [...places, row] : [row, ...places]).join('\n  ')}
  xi += rest * inInstance + position * inStep0${strides('inStep')};
  wi += firstOutput * wOutput;
  yi += rest * outInstance + position * outStep0 + firstOutput * outChannel${strides('outStep')};`;
}

/** Whether the input that position p of a block meets lies within the first axis: WGSL, `true` and `false` where that is known. */
function column({ padded, taps, known }: DirectStructure, p: number): string {
  if (!padded) return 'true';
  if (known !== undefined) return String(known.start + p >= 0 && known.start + p < known.input);
  return taps > 1 ? `inside${p}` : `u32(firstTap + ${p} * step0) < u32(input0)`;
}

/** Whether a row meets an input: WGSL, or `true` where it does. */
function rowInside({ padded, instances, rank }: DirectStructure): string {
  return padded && !instances && rank > 1 ? 'inside' : 'true';
}

/** Where each axis meets its input first. Rows that a workgroup shares leave out the taps that meet none. */
function boundsCode(s: DirectStructure): string {
  const { rank, taps, positions, instances, known } = s;
  const code = range(rank).map(d => `let first${d} = ${d === 0 ? 'position' : `at${d}`} * step${d} + start${d};`);
  if (taps > 1 && known === undefined) {
    code.push(lines(positions + taps - 1, p => `let inside${p} = u32(first0 + ${p}) < u32(input0);`, ' '));
  }
  if (instances) {
    for (const d of range(rank).slice(1)) {
      code.push(`let low${d} = max(0, (tapStep${d} - 1 - first${d}) / tapStep${d});
  taps${d} = max(0, min(taps${d}, (input${d} - first${d} + tapStep${d} - 1) / tapStep${d}) - low${d});
  xi += low${d} * inTap${d}; wi += low${d} * wTap${d};`);
    }
  }
  return code.join('\n  ');
}

/** The checks of one step: whether the row lies within the input, and where the first position does. */
function insideCode(s: DirectStructure): string {
  const { rank, taps } = s;
  const axes = range(rank)
    .slice(1)
    .map(d => `u32(first${d} + tap${d} * tapStep${d}) < u32(input${d})`);
  return `${rowInside(s) === 'true' ? '' : `let inside = ${both(...axes)};`} ${taps > 1 ? '' : 'let firstTap = first0 + tap0 * tapStep0;'}`;
}

/** Runs `body` for every channel and every tap of the walked axes: one loop, so that sums stay in registers. */
function walkCode({ rank, firstWalked }: DirectStructure, body: string): string {
  const walked = range(rank).slice(firstWalked);
  // One step along an axis goes back along those before it.
  let advance = '';
  let [inBack, wBack] = ['', ''];
  for (const d of walked) {
    advance += `tap${d} += 1; xi += inTap${d}${inBack}; wi += wTap${d}${wBack}; if (tap${d} == taps${d}) { tap${d} = 0; `;
    [inBack, wBack] = [` - taps${d} * inTap${d}`, ` - taps${d} * wTap${d}`];
  }
  advance += `xi += inDepth${inBack}; wi += wDepth${wBack};${' }'.repeat(walked.length)}`;
  return `${walked.map(d => `var tap${d} = 0;`).join(' ')}
  let steps = depth${walked.map(d => ` * taps${d}`).join('')};
  for (var step = 0; step < steps; step++) {
    ${body}
    ${advance}
  }`;
}

function storeCode(
  { rank, positions: P, outputs: R, phased, partPositions, partOutputs }: DirectStructure,
  out: Operand,
  dtype: DType,
): string {
  const within = range(rank)
    .slice(1)
    .map(d => `at${d} < length${d}`);
  const one = (r: number, p: number): string => {
    const statement = store(out, dtype, `yi + ${r} * outChannel + ${p} * outStep0`, `alpha * s${r * P + p}`);
    return partPositions ? `if (position + ${p} < length0) { ${statement} }` : statement;
  };
  return `if (${both('row < rows', ...(phased ? within : []))}) {
    ${lines(R, r => `${partOutputs ? `if (firstOutput + ${r} < outputs) ` : ''}{ ${lines(P, p => one(r, p), ' ')} }`)}
  }`;
}
