/** The two kinds of reduction shaders: of what a program computes, and of states in scratch memory. */
import type { DType, OpName, Program, ReduceOp } from '@knet/knetarray';
import { type Operand, Shader } from '../shader.js';
import { type Combiner, combinerOf } from '../wgsl/combine.js';
import { convert, inputType, outputType, registerOf, store, storeFunctions } from '../wgsl/elements.js';
import { type Indexing, indexingCode } from '../wgsl/indexing.js';
import { programCode, programLibrary } from '../wgsl/program.js';
import { divisionWords, outputOffset, outputs, reductionCode, type Source } from '../wgsl/reduction.js';
import type { Sharing } from '../wgsl/workgroup.js';

/** Operations of about one instruction of a GPU, and those of about ten; the others are functions of their own, which are long. */
const short: ReadonlySet<OpName> = new Set<OpName>([
  ...(['copy', 'neg', 'abs', 'abs2', 'add', 'sub', 'mul', 'max', 'min', 'floor', 'ceil', 'trunc'] as const),
  ...(['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'where'] as const),
]);
const medium: ReadonlySet<OpName> = new Set<OpName>(['sign', 'div', 'sqrt', 'exp', 'exp2', 'log', 'log2', 'isnan', 'isfinite', 'round']);
const costOf = (op: OpName): number => (short.has(op) ? 1 : medium.has(op) ? 8 : 100);

/** What both kinds of shaders depend on. */
export interface ReductionKind {
  readonly op: ReduceOp;
  /** Of the elements. */
  readonly dtype: DType;
  readonly sharing: Sharing;
  /** Of the output; undefined when states are written to scratch memory. */
  readonly output: DType | undefined;
}

/** Reduces the elements of a program; parameters: division, lengths and strides of the reduced dimensions, `kept`, scalars. */
export function programReduction(kind: ReductionKind, program: Program, dtypes: readonly DType[], kept: Indexing, rank: number): Shader {
  const combiner = combinerOf(kind.op, kind.dtype);
  return shaderOf(`reduce ${kind.op}`, kind, combiner, dtypes.map(inputType), operands => {
    const { inputs, instructions, dtype } = program;
    const { position, indices, end } = indexingCode(kept, divisionWords + rank - 1 + inputs * rank, 'o');
    const names = indices.map((_, k) => `at${k}`);
    const library = `
${programLibrary(program)}
fn element(${names.map(name => `${name}: u32`).join(', ')}) -> ${registerOf(dtype)} {
  ${programCode(program, operands, dtypes, names, end)}
  return r${program.outputs[0]};
}`;
    return {
      library,
      inputs,
      rank,
      word: divisionWords,
      position,
      bases: indices.map(index => `i32(${index})`),
      cost: inputs + instructions.reduce((sum, { op }) => sum + costOf(op), 0),
      state: (where, at) => combiner.lift(`element(${where.join(', ')})`, at),
    };
  });
}

/** Merges states, which lie in scratch memory output by output; parameters: division, stride. */
export function stateReduction(kind: ReductionKind): Shader {
  const combiner = combinerOf(kind.op, kind.dtype);
  return shaderOf(`reduce ${kind.op} (merge)`, kind, combiner, [combiner.register], ([states]) => ({
    library: combiner.words === 1 ? '' : pairFunction(states!),
    inputs: 1,
    rank: 1,
    word: divisionWords,
    position: '',
    bases: ['i32(o)'],
    cost: 1,
    state: ([index]) => (combiner.words === 1 ? `${states!.name}[${index}]` : `state_at(${index})`),
  }));
}

function pairFunction({ name }: Operand): string {
  return `fn state_at(i: u32) -> vec2<i32> { return vec2<i32>(${name}[2u * i], ${name}[2u * i + 1u]); }`;
}

function shaderOf(
  name: string,
  { dtype, sharing, output }: ReductionKind,
  combiner: Combiner,
  inputs: readonly ReturnType<typeof inputType>[],
  source: (operands: readonly Operand[]) => Source,
): Shader {
  const type = output === undefined ? combiner.register : outputType(output);
  const code = (operands: readonly Operand[]): string => {
    const target = operands.at(-1)!;
    const of = source(operands);
    if (output === undefined) return reductionCode(of, combiner, sharing, '', writeState(combiner, target));
    // Positions are int32, whatever they are positions of.
    const value =
      combiner.words === 2 ? convert(combiner.finish('total'), 'int32', output) : convert(combiner.finish('total'), dtype, output);
    return reductionCode(of, combiner, sharing, storeFunctions([target], [output]), store(target, output, `${outputOffset} + o`, value));
  };
  const extensions = sharing.subgroups ? ['subgroups'] : [];
  // Halves in registers alone: buffers of them enable the extension by themselves.
  if (dtype === 'float16' && type !== 'f16' && !inputs.includes('f16')) extensions.push('f16');
  return new Shader(name, inputs, [type], code, extensions);
}

function writeState({ words }: Combiner, { name }: Operand): string {
  const at = `segment * ${outputs} + o`;
  if (words === 1) return `${name}[${at}] = total;`;
  return `let at = 2u * (${at}); ${name}[at] = total.x; ${name}[at + 1u] = total.y;`;
}
