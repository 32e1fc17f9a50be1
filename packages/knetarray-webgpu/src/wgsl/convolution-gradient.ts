/**
 * Direct gradient of filters: a thread computes a block of a filter's elements for a block of output channels, going through
 * positions. Four neighbouring threads have the same channels and other elements, so that they can load gradients together.
 */
import type { DType } from '@knet/knetarray';
import type { GradientStructure } from '../kernels/convolution-gradient.js';
import { paramFloat } from '../params.js';
import type { Operand } from '../shader.js';
import { load, store } from './elements.js';
import { equalLoads } from './equal-loads.js';
import { both, declare, lines, range, take } from './words.js';

/** Steps after which sums are added to sums of such sums. */
const chunk = 32;

/** WGSL of `gradientDispatch`, whose parameters have these names. Operands: x, dy, dw; `to` is the type of dw. */
export function gradientCode(
  s: GradientStructure,
  names: readonly string[],
  dtype: DType,
  to: DType,
  operands: readonly Operand[],
): string {
  const { taps: K, fours: F, outputs: R, threads } = s;
  return `
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) counts: vec3<u32>, @builtin(local_invocation_index) lane: u32${
    s.subgroups ? ', @builtin(subgroup_invocation_id) member: u32' : ''
  }) {
  ${declare(['inFirst', 'outFirst', 'wFirst', ...names], 1)}
  ${s.subgroups ? 'let quarter = i32(member & 3u);' : ''}
  let workgroup = i32(group.y * counts.x + group.x);
  var rest = ${threads === 4 ? 'workgroup' : `(workgroup * ${threads} + i32(lane)) / 4`};
  ${take('elementBlock', 'elementBlocks')}
  ${take('outputBlock', 'outputBlocks')}
  let firstOutput = outputBlock * ${R};
  var xi = inFirst + inStart;
  var yi = outFirst + firstOutput * outChannel;
  var wi = wFirst + wStart + firstOutput * wOutput;
  ${s.grouped ? `${take('g', 'groups')} xi += g * inGroup; wi += g * wGroup; yi += g * outGroup;` : ''}
  if (rest >= splits) { return; }
  wi += rest * wSplit;
  let firstRow = min(rest * splitRows, rows);
  let lastRow = min(firstRow + splitRows, rows);
  ${lines(F, v => elementCode(s, v), '\n  ')}
  ${lines(F * R * K, i => `var total${i} = 0.0;`, ' ')}
  ${passCode(s, s.positions, dtype, operands)}
  ${s.part ? passCode(s, 1, dtype, operands) : ''}
  let alpha = ${paramFloat(0)};
  ${lines(F, v => `if (element${v} < elements) {${storeCode(s, v, operands[2]!, to)}\n  }`, '\n  ')}
}`;
}

/** Where element `v` of a thread lies in x, relative to a position, and in w. */
function elementCode(s: GradientStructure, v: number): string {
  const axes = range(s.rank).slice(s.firstSpread);
  const taps = axes.map(
    d => `${take(`tap${v}_${d}`, `taps${d}`)} in${v} += tap${v}_${d} * inTap${d}; w${v} += tap${v}_${d} * wTap${d};
  ${s.padded ? `let off${v}_${d} = tap${v}_${d} * tapStep${d} + start${d};` : ''}`,
  );
  const written = s.padded && s.taps > 1 ? `let off${v}_0 = start0;` : '';
  return `let element${v} = (elementBlock * ${s.fours} + ${v}) * 4 + i32(lane & 3u);
  rest = min(element${v}, elements - 1);
  var in${v} = 0;
  var w${v} = 0;
  ${taps.join('\n  ')}
  ${written}
  in${v} += rest * inDepth; w${v} += rest * wDepth;`;
}

/** Goes through the rows of this split, P positions at a time: all whole blocks, or with P = 1 the positions after the last of them. */
function passCode(s: GradientStructure, P: number, dtype: DType, [x, dy]: readonly Operand[]): string {
  const { rank, taps: K, fours: F, outputs: R } = s;
  const rest = P === 1 && s.positions > 1;
  const count = rest ? `(length0 - blocks * ${s.positions})` : 'blocks';
  const begin = rest ? `blocks * ${s.positions}` : '0';
  const others = range(rank).slice(1);
  const gradients = equalLoads(
    'y',
    [R, P],
    s.subgroups,
    (r, p) => `${r} * outChannel + ${p} * outStep0`,
    index => load(dy!, dtype, index),
  );
  const read = (v: number, p: number): string => {
    const element = load(x!, dtype, `px + in${v} + ${p} * inStep0`);
    return s.padded ? `select(0.0, ${element}, ${both(`inside${v}`, `u32(first0 + off${v}_0 + ${p} * step0) < u32(input0)`)})` : element;
  };
  const inside = (v: number): string =>
    `let inside${v} = ${both(...others.map(d => `u32(at${d} * step${d} + off${v}_${d}) < u32(input${d})`))};`;
  // From the last row of an axis to the first of the next.
  let advance = `block += 1; px += ${P} * inStep0; py += ${P} * outStep0; if (block == count) { block = 0; `;
  let [inBack, outBack, close] = [` - count * ${P} * inStep0`, ` - count * ${P} * outStep0`, ' }'];
  for (const d of others) {
    advance += `at${d} += 1; px += inStep${d}${inBack}; py += outStep${d}${outBack}; if (at${d} == length${d}) { at${d} = 0; `;
    [inBack, outBack, close] = [` - length${d} * inStep${d}`, ` - length${d} * outStep${d}`, `${close} }`];
  }
  advance += `px += inInstance${inBack}; py += outInstance${outBack};${close}`;
  return `{
    let count = ${count};
    let steps = (lastRow - firstRow) * count;
    var block = 0;
    rest = firstRow;
    ${others.map(d => `${take(`row${d}`, `length${d}`)} var at${d} = row${d};`).join('\n    ')}
    var px = xi + rest * inInstance + ${begin} * inStep0${others.map(d => ` + at${d} * inStep${d}`).join('')};
    var py = yi + rest * outInstance + ${begin} * outStep0${others.map(d => ` + at${d} * outStep${d}`).join('')};
    ${gradients.setup}
    for (var first = 0; first < steps; first += ${chunk}) {
      ${lines(F * R * K, i => `var s${i} = 0.0;`, ' ')}
      let last = min(first + ${chunk}, steps);
      for (var step = first; step < last; step++) {
        ${s.padded ? `let first0 = (${begin} + block * ${P}) * step0; ${lines(F, inside, ' ')}` : ''}
        ${lines(F * (P + K - 1), i => `let x${i} = ${read(Math.floor(i / (P + K - 1)), i % (P + K - 1))};`)}
        ${gradients.load('py')}
        ${lines(R * P, e => {
          const [r, p] = [Math.floor(e / P), e % P];
          const products = range(F * K).map(i => {
            const [v, k] = [Math.floor(i / K), i % K];
            return `s${(v * R + r) * K + k} += x${v * (P + K - 1) + p + k} * f;`;
          });
          return `{ let f = ${gradients.value(e)}; ${products.join(' ')} }`;
        })}
        ${advance}
      }
      ${lines(F * R * K, i => `total${i} += s${i};`, ' ')}
    }
  }`;
}

function storeCode({ taps: K, outputs: R, partOutputs }: GradientStructure, v: number, out: Operand, dtype: DType): string {
  return lines(
    R,
    r => `
    ${partOutputs ? `if (firstOutput + ${r} < outputs) ` : ''}{ ${lines(
      K,
      k => store(out, dtype, `wi + w${v} + ${r} * wOutput${K > 1 ? ` + ${k} * wTap0` : ''}`, `alpha * total${(v * R + r) * K + k}`),
      ' ',
    )} }`,
    '',
  );
}
