/**
 * Direct gradient of filters: a thread computes a block of a filter's elements for a block of output channels, going through
 * positions. Four neighbouring threads have the same channels and other elements, so that they can load gradients together.
 */
import type { DType } from '@knet/knetarray';
import type { Sums } from '../kernels/convolution-axes.js';
import { paramFloat } from '../params.js';
import type { Operand } from '../shader.js';
import type { Dispatch } from './convolution.js';
import { load, store } from './elements.js';
import { equalLoads } from './equal-loads.js';
import { declare, lines, range, Words } from './words.js';

/** What tells shaders of the direct gradient apart. */
export interface GradientBlocks {
  /** Taps of the first axis that are written out, or 1: then a thread has one tap. More need step and tapStep 1. */
  readonly taps: number;
  /** Groups of four elements, besides written taps, that four threads compute. */
  readonly fours: number;
  readonly outputs: number;
  /** Positions along the first axis that are taken at once. */
  readonly positions: number;
  /** Parts of the rows that have sums of their own. */
  readonly splits: number;
  /** Four, or any multiple without subgroups. */
  readonly threads: number;
  readonly subgroups: boolean;
}

/** Steps after which sums are added to sums of such sums. */
const chunk = 32;

interface Structure extends GradientBlocks {
  readonly rank: number;
  readonly padded: boolean;
  readonly grouped: boolean;
  /** Whether some positions are left over after the last block. */
  readonly part: boolean;
  readonly partOutputs: boolean;
}

function structureOf({ axes, outputs, padded, groups }: Sums, blocks: GradientBlocks): Structure {
  return {
    ...blocks,
    ...{ padded, rank: axes.length, grouped: groups > 1 },
    part: axes[0]!.length % blocks.positions > 0,
    partOutputs: outputs % blocks.outputs > 0,
  };
}

/** The axes whose taps belong to different threads. */
function spread({ rank, taps }: Structure): number[] {
  return range(rank).slice(taps > 1 ? 1 : 0);
}

/**
 * The dispatch of the gradient over storages where x and dy begin at some element. Each split writes a whole filter, one after the
 * other from `w` on.
 */
export function gradientDispatch(sums: Sums, blocks: GradientBlocks, starts: { in: number; out: number; w: number }): Dispatch {
  const s = structureOf(sums, blocks);
  const { axes } = sums;
  const words = new Words();
  const elements = spread(s).reduce((n, d) => n * axes[d]!.taps, sums.depth);
  const blocksOfElements = Math.ceil(elements / (4 * s.fours));
  const outputBlocks = Math.ceil(sums.outputs / s.outputs);
  const rows = axes.slice(1).reduce((n, { length }) => n * length, sums.batch);
  words.put('elements', elements).put('elementBlocks', blocksOfElements).put('outputBlocks', outputBlocks).put('outputs', sums.outputs);
  words
    .put('rows', rows)
    .put('splitRows', Math.ceil(rows / s.splits))
    .put('splits', s.splits);
  words.put('blocks', Math.floor(axes[0]!.length / s.positions));
  let inStart = starts.in;
  axes.forEach((axis, d) => {
    inStart += axis.start * axis.inStride;
    words.put(`length${d}`, axis.length).put(`taps${d}`, axis.taps).put(`wTap${d}`, axis.wStride);
    words
      .put(`inStep${d}`, axis.step * axis.inStride)
      .put(`inTap${d}`, axis.tapStep * axis.inStride)
      .put(`outStep${d}`, axis.stride);
    if (s.padded)
      words.put(`input${d}`, axis.input).put(`step${d}`, axis.step).put(`tapStep${d}`, axis.tapStep).put(`start${d}`, axis.start);
  });
  words
    .put('inStart', inStart)
    .put('outStart', starts.out)
    .put('wStart', starts.w + sums.wStart);
  words.put('inDepth', sums.in.channel).put('inInstance', sums.in.instance).put('wDepth', sums.w.depth).put('wOutput', sums.w.output);
  words
    .put('outChannel', sums.out.channel)
    .put('outInstance', sums.out.instance)
    .put('wSplit', sums.w.group * sums.groups);
  if (s.grouped) {
    words.put('groups', sums.groups).put('inGroup', sums.in.group).put('wGroup', sums.w.group).put('outGroup', sums.out.group);
  }
  const workgroups = Math.ceil((blocksOfElements * outputBlocks * sums.groups * s.splits * 4) / s.threads);
  const flags = [s.padded, s.grouped, s.part, s.partOutputs, s.subgroups].map(Number).join('');
  return { key: `gradient ${s.rank} ${s.taps} ${s.fours} ${s.outputs} ${s.positions} ${s.threads} ${flags}`, words, workgroups };
}

/** WGSL of {@link gradientDispatch}. Operands: x, dy, dw; `to` is the type of dw. */
export function gradientCode(
  sums: Sums,
  blocks: GradientBlocks,
  { words }: Dispatch,
  dtype: DType,
  to: DType,
  operands: readonly Operand[],
): string {
  const s = structureOf(sums, blocks);
  const out = operands[2]!;
  const { taps: K, fours: F, outputs: R, threads } = s;
  const axes = spread(s);
  return `
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups3: vec3<u32>, @builtin(local_invocation_index) lane: u32${
    s.subgroups ? ', @builtin(subgroup_invocation_id) member: u32' : ''
  }) {
  ${declare(words.names, 1)}
  ${s.subgroups ? 'let quarter = i32(member & 3u);' : ''}
  let workgroup = i32(group.y * groups3.x + group.x);
  var rest = ${threads === 4 ? 'workgroup' : `(workgroup * ${threads} + i32(lane)) / 4`};
  let elementBlock = rest % elementBlocks; rest = rest / elementBlocks;
  let outputBlock = rest % outputBlocks; rest = rest / outputBlocks;
  var xi = inStart;
  var yi = outStart + outputBlock * ${R} * outChannel;
  var wi = wStart + outputBlock * ${R} * wOutput;
  ${s.grouped ? 'let g = rest % groups; rest = rest / groups; xi += g * inGroup; wi += g * wGroup; yi += g * outGroup;' : ''}
  if (rest >= splits) { return; }
  wi += rest * wSplit;
  let firstRow = min(rest * splitRows, rows);
  let lastRow = min(firstRow + splitRows, rows);
  ${lines(F, v => elementCode(s, axes, v), '\n  ')}
  ${lines(F * R * K, i => `var total${i} = 0.0;`, ' ')}
  ${passCode(s, s.positions, dtype, operands)}
  ${s.part ? passCode(s, 1, dtype, operands) : ''}
  let alpha = ${paramFloat(0)};
  ${lines(F, v => `if (element${v} < elements) {${storeCode(s, v, out, to)}\n  }`, '\n  ')}
}`;
}

/** Where element `v` of a thread lies in x, relative to a position, and in w. */
function elementCode(s: Structure, axes: readonly number[], v: number): string {
  const taps = axes.map(
    d => `let tap${v}_${d} = at${v} % taps${d}; at${v} = at${v} / taps${d}; in${v} += tap${v}_${d} * inTap${d}; w${v} += tap${v}_${d} * wTap${d};
  ${s.padded ? `let off${v}_${d} = tap${v}_${d} * tapStep${d} + start${d};` : ''}`,
  );
  const written = s.padded && s.taps > 1 ? `let off${v}_0 = start0;` : '';
  return `let element${v} = (elementBlock * ${s.fours} + ${v}) * 4 + i32(lane & 3u);
  var at${v} = min(element${v}, elements - 1);
  var in${v} = 0;
  var w${v} = 0;
  ${taps.join('\n  ')}
  ${written}
  in${v} += at${v} * inDepth; w${v} += at${v} * wDepth;`;
}

/** Goes through the rows of this split, P positions at a time: all whole blocks, or with P = 1 the positions after the last of them. */
function passCode(s: Structure, P: number, dtype: DType, [x, dy]: readonly Operand[]): string {
  const { rank, taps: K, fours: F, outputs: R } = s;
  const rest = P === 1 && s.positions > 1;
  const count = rest ? `(length0 - blocks * ${s.positions})` : 'blocks';
  const begin = rest ? `blocks * ${s.positions}` : '0';
  const others = range(rank).slice(1);
  const gradients = equalLoads(
    'y',
    R * P,
    s.subgroups,
    e => (P === 1 ? `${e} * outChannel` : `(${e} / ${P}) * outChannel + (${e} % ${P}) * outStep0`),
    index => load(dy!, dtype, index),
  );
  const read = (v: number, p: number): string => {
    const element = load(x!, dtype, `px + in${v} + ${p} * inStep0`);
    return s.padded ? `select(0.0, ${element}, inside${v} && u32(first0 + off${v}_0 + ${p} * step0) < u32(input0))` : element;
  };
  const inside = (v: number): string =>
    `let inside${v} = ${others.map(d => `u32(at${d} * step${d} + off${v}_${d}) < u32(input${d})`).join(' && ') || 'true'};`;
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
    var instance = firstRow;
    ${others.map(d => `var at${d} = instance % length${d}; instance = instance / length${d};`).join('\n    ')}
    var px = xi + instance * inInstance + ${begin} * inStep0${others.map(d => ` + at${d} * inStep${d}`).join('')};
    var py = yi + instance * outInstance + ${begin} * outStep0${others.map(d => ` + at${d} * outStep${d}`).join('')};
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

function storeCode({ taps: K, outputs: R, partOutputs }: Structure, v: number, out: Operand, dtype: DType): string {
  return lines(
    R,
    r => `
    ${partOutputs ? `if (outputBlock * ${R} + ${r} < outputs)` : ''} { ${lines(
      K,
      k => store(out, dtype, `wi + w${v} + ${r} * wOutput${K > 1 ? ` + ${k} * wTap0` : ''}`, `alpha * total${(v * R + r) * K + k}`),
      ' ',
    )} }`,
    '',
  );
}
