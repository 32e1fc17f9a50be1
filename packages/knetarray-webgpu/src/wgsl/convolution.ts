/**
 * Direct convolution: a thread computes a block of positions along the first axis for a block of output channels. It needs no memory
 * but registers, which suits processors, and GPUs where few output channels share their inputs.
 */
import type { DType } from '@knet/knetarray';
import type { Sums } from '../kernels/convolution-axes.js';
import { paramFloat } from '../params.js';
import type { Operand } from '../shader.js';
import { load, store } from './elements.js';
import { equalLoads } from './equal-loads.js';
import { declare, lines, range, Words } from './words.js';

/** What tells shaders of direct convolution apart. */
export interface DirectBlocks {
  /** Taps of the first axis that are written out, or 1: then those of all axes are walked. More need step and tapStep 1. */
  readonly taps: number;
  /** Positions along the first axis that a thread computes. */
  readonly positions: number;
  /** Output channels that a thread computes. */
  readonly outputs: number;
  readonly threads: number;
  readonly subgroups: boolean;
}

/** A shader's structure, with the values of one dispatch. */
export interface Dispatch {
  readonly key: string;
  readonly words: Words;
  readonly workgroups: number;
}

/** What is common to the shader and its parameters. */
interface Structure extends DirectBlocks {
  readonly rank: number;
  /** The first axis whose taps are walked. */
  readonly firstWalked: number;
  readonly padded: boolean;
  readonly phased: boolean;
  readonly grouped: boolean;
  /** Whether the last block of positions, of outputs may be a part. */
  readonly partPositions: boolean;
  readonly partOutputs: boolean;
}

function structureOf({ axes, outputs, padded, phased, groups }: Sums, blocks: DirectBlocks): Structure {
  return {
    ...blocks,
    ...{ padded, phased, rank: axes.length, grouped: groups > 1, firstWalked: blocks.taps > 1 ? 1 : 0 },
    partPositions: phased || axes[0]!.length % blocks.positions > 0,
    partOutputs: outputs % blocks.outputs > 0,
  };
}

/** The dispatch of a direct convolution over storages where the three arrays begin at some element. */
export function directDispatch(sums: Sums, blocks: DirectBlocks, starts: { w: number; in: number; out: number }): Dispatch {
  const s = structureOf(sums, blocks);
  const { axes, phased } = sums;
  // The longest phase is the first one.
  const lengths = axes.map(axis => Math.ceil(axis.length / axis.phases));
  const words = new Words();
  const outputBlocks = Math.ceil(sums.outputs / s.outputs);
  const positionBlocks = Math.ceil(lengths[0]! / s.positions);
  const rows = lengths.slice(1).reduce((n, m) => n * m, sums.batch);
  const rowBlocks = Math.ceil(rows / s.threads);
  words.put('outputBlocks', outputBlocks).put('positionBlocks', positionBlocks).put('rowBlocks', rowBlocks).put('rows', rows);
  let inStart = starts.in;
  axes.forEach((axis, d) => {
    words
      .put(`length${d}`, lengths[d]!)
      .put(`taps${d}`, axis.taps)
      .put(`inStep${d}`, axis.step * axis.inStride);
    words
      .put(`inTap${d}`, axis.tapStep * axis.inStride)
      .put(`wTap${d}`, axis.wStride)
      .put(`outStep${d}`, axis.stride);
    if (s.padded) words.put(`input${d}`, axis.input).put(`step${d}`, axis.step).put(`tapStep${d}`, axis.tapStep);
    if (phased) {
      words.put(`whole${d}`, axis.length).put(`phases${d}`, axis.phases).put(`phaseTaps${d}`, axis.phaseTaps);
      words.put(`dilation${d}`, axis.dilation).put(`padding${d}`, axis.padding);
    } else {
      if (s.padded) words.put(`start${d}`, axis.start);
      inStart += axis.start * axis.inStride;
    }
  });
  words
    .put('inStart', inStart)
    .put('wStart', starts.w + sums.wStart)
    .put('outStart', starts.out);
  words.put('depth', sums.depth).put('outputs', sums.outputs);
  words.put('inDepth', sums.in.channel).put('inInstance', sums.in.instance).put('wDepth', sums.w.depth).put('wOutput', sums.w.output);
  words.put('outChannel', sums.out.channel).put('outInstance', sums.out.instance);
  if (s.grouped) {
    words.put('groups', sums.groups).put('inGroup', sums.in.group).put('wGroup', sums.w.group).put('outGroup', sums.out.group);
  }
  const phases = axes.reduce((n, axis) => n * axis.phases, 1);
  const workgroups = outputBlocks * positionBlocks * rowBlocks * sums.groups * phases;
  const flags = [s.padded, s.phased, s.grouped, s.partPositions, s.partOutputs, s.subgroups].map(Number).join('');
  return { key: `direct ${s.rank} ${s.taps} ${s.positions} ${s.outputs} ${s.threads} ${flags}`, words, workgroups };
}

/** WGSL of {@link directDispatch}. Operands: w, in, out. */
export function directCode(sums: Sums, blocks: DirectBlocks, { words }: Dispatch, dtype: DType, operands: readonly Operand[]): string {
  const s = structureOf(sums, blocks);
  const [w, x, out] = operands as [Operand, Operand, Operand];
  const { rank, taps: K, positions: P, outputs: R } = s;
  const others = range(rank).slice(1);
  const filter = equalLoads(
    'w',
    R * K,
    s.subgroups,
    e => (K === 1 ? `${e} * wOutput` : `(${e} / ${K}) * wOutput + (${e} % ${K}) * wTap0`),
    index => load(w, dtype, index),
  );
  const inputs = s.padded
    ? (p: number): string => `select(0.0, ${load(x, dtype, `xi + in_at${p}`)}, inside && ${column(s, p)})`
    : undefined;
  const read = inputs ?? ((p: number): string => load(x, dtype, `xi + in_at${p}`));
  return `
${s.phased ? firstTapFunction : ''}
@compute @workgroup_size(${s.threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups3: vec3<u32>, @builtin(local_invocation_index) lane: u32${
    s.subgroups ? ', @builtin(subgroup_invocation_id) member: u32' : ''
  }) {
  ${declare(words.names, 1).replaceAll(/let (length|taps|inTap|wTap|outStep)(\d) =/g, s.phased ? 'var $1$2 =' : 'let $1$2 =')}
  var xi = inStart;
  var wi = wStart;
  var yi = outStart;
  ${s.subgroups ? 'let quarter = i32(member & 3u);' : ''}
  var rest = i32(group.y * groups3.x + group.x);
  let outputBlock = rest % outputBlocks; rest = rest / outputBlocks;
  let position = rest % positionBlocks * ${P}; rest = rest / positionBlocks;
  ${s.grouped ? 'let g = rest % groups; rest = rest / groups; xi += g * inGroup; wi += g * wGroup; yi += g * outGroup;' : ''}
  ${s.phased ? range(rank).map(phaseCode).join('\n  ') : ''}
  if (rest >= rowBlocks) { return; }
  let row = rest * ${s.threads} + i32(lane);
  // Threads beyond the last row help to load filters, and compute it again.
  rest = min(row, rows - 1);
  ${others.map(d => `let at${d} = rest % ${longest(s, d)}; rest = rest / ${longest(s, d)};`).join('\n  ')}
  xi += rest * inInstance + position * inStep0${others.map(d => ` + at${d} * inStep${d}`).join('')};
  wi += outputBlock * ${R} * wOutput;
  yi += rest * outInstance + position * outStep0 + outputBlock * ${R} * outChannel${others.map(d => ` + at${d} * outStep${d}`).join('')};
  ${filter.setup}
  ${lines(P + K - 1, p => `let in_at${p} = ${p} * inStep0;`, '\n  ')}
  ${s.padded ? boundsCode(s) : ''}
  ${lines(R * P, i => `var s${i} = 0.0;`, ' ')}
  ${walkCode(
    s,
    `${s.padded ? `let inside = ${insideCode(s)};` : ''}
    ${lines(P + K - 1, p => `let x${p} = ${read(p)};`)}
    ${filter.load('wi')}
    ${lines(R * K, e => {
      const [r, k] = [Math.floor(e / K), e % K];
      return `{ let f = ${filter.value(e)}; ${lines(P, p => `s${r * P + p} += x${p + k} * f;`, ' ')} }`;
    })}`,
  )}
  let alpha = ${paramFloat(0)};
  if (row < rows${s.phased ? others.map(d => ` && at${d} < length${d}`).join('') : ''}) {
    ${lines(
      R,
      r =>
        `${s.partOutputs ? `if (outputBlock * ${R} + ${r} < outputs)` : ''} { ${lines(
          P,
          p =>
            `${s.partPositions ? `if (position + ${p} < length0) ` : ''}{ ${store(out, dtype, `yi + ${r} * outChannel + ${p} * outStep0`, `alpha * s${r * P + p}`)} }`,
          ' ',
        )} }`,
    )}
  }
}`;
}

/** Phases are of different lengths; rows are counted by the longest. */
function longest({ phased }: Structure, d: number): string {
  return phased ? `longest${d}` : `length${d}`;
}

/** Whether the input that position p meets lies within the first axis. */
function column({ taps }: Structure, p: number): string {
  return taps > 1 ? `inside${p}` : `u32(first + ${p} * step0) < u32(input0)`;
}

/** The first input that a row meets along each axis. */
function boundsCode({ rank, taps, positions, firstWalked }: Structure): string {
  const firsts = range(rank).map(d => `let first${d} = ${d === 0 ? 'position' : `at${d}`} * step${d} + start${d};`);
  const columns = firstWalked === 0 ? '' : lines(positions + taps - 1, p => `let inside${p} = u32(first0 + ${p}) < u32(input0);`, '\n  ');
  return `${firsts.join('\n  ')}\n  ${columns}`;
}

/** Whether the current taps of the walked axes meet an input. */
function insideCode({ rank, firstWalked }: Structure): string {
  const axes = range(rank)
    .slice(1)
    .map(d => `u32(first${d} + tap${d} * tapStep${d}) < u32(input${d})`);
  return `${axes.length === 0 ? 'true' : axes.join(' && ')};${firstWalked === 0 ? ' let first = first0 + tap0 * tapStep0' : ''}`;
}

/** Runs `body` for every channel and every tap of the walked axes: one loop, so that sums stay in registers. */
function walkCode({ rank, firstWalked }: Structure, body: string): string {
  const walked = range(rank).slice(firstWalked);
  // One step along an axis goes back along those before it.
  let advance = '';
  let [inBack, wBack] = ['', ''];
  let close = '';
  for (const d of walked) {
    advance += `tap${d} += 1; xi += inTap${d}${inBack}; wi += wTap${d}${wBack}; if (tap${d} == taps${d}) { tap${d} = 0; `;
    [inBack, wBack] = [` - taps${d} * inTap${d}`, ` - taps${d} * wTap${d}`];
    close += ' }';
  }
  advance += `xi += inDepth${inBack}; wi += wDepth${wBack};${close}`;
  return `${walked.map(d => `var tap${d} = 0;`).join(' ')}
  let steps = depth${walked.map(d => ` * taps${d}`).join('')};
  for (var step = 0; step < steps; step++) {
    ${body}
    ${advance}
  }`;
}

/** The first tap that a phase meets, or `taps` where it meets none. */
const firstTapFunction = `
fn first_tap(place: i32, dilation: i32, phases: i32, phaseTaps: i32, taps: i32) -> i32 {
  for (var k = 0; k < min(phaseTaps, taps); k++) {
    if ((place - k * dilation) % phases == 0) { return k; }
  }
  return taps;
}`;

/** Makes an axis that of one phase of its positions, and takes the phase xi `rest`. */
function phaseCode(d: number): string {
  return `let phase${d} = rest % phases${d}; rest = rest / phases${d};
  let k${d} = first_tap(phase${d} + padding${d}, dilation${d}, phases${d}, phaseTaps${d}, taps${d});
  let start${d} = (phase${d} + padding${d} - k${d} * dilation${d}) / phases${d};
  let longest${d} = length${d};
  length${d} = (whole${d} - phase${d} + phases${d} - 1) / phases${d};
  taps${d} = (taps${d} - k${d} + phaseTaps${d} - 1) / phaseTaps${d};
  xi += start${d} * inStep${d};
  wi += k${d} * wTap${d};
  wTap${d} *= phaseTaps${d};
  yi += phase${d} * outStep${d};
  outStep${d} *= phases${d};`;
}
