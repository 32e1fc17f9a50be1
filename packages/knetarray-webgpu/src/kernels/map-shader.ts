/** Shaders of fused elementwise programs, for one call or for several. */
import type { DType, Program } from '@knet/knetarray';
import { param } from '../params.js';
import { type Operand, Shader } from '../shader.js';
import { inputType, outputType } from '../wgsl/elements.js';
import { type Indexing, indexingCode } from '../wgsl/indexing.js';
import { type MapPart, mapCode } from '../wgsl/map.js';

/** Threads of a workgroup, and elements that each computes. */
export const threads = 64;
export const perThread = 4;

/** What calls share that can be computed by the same code: the program, the types of its operands, and how they are walked. */
export interface Structure {
  readonly program: Program;
  /** Of inputs, then outputs. */
  readonly dtypes: readonly DType[];
  /** A walk of this structure; lengths and strides may be others. */
  readonly walk: Indexing;
  /** Whether all operands have one dtype: parts of a slab that are bound together have to. */
  readonly alike: boolean;
  /** Words of parameters that a call needs, if each of its operands lies in a slab. */
  readonly words: number;
  /** The shader of single calls, and those of several. */
  single: Shader | undefined;
  readonly joint: Map<string, Shader>;
}

/** How the operands of several calls are bound. */
export interface Binding {
  /** For each call and operand whether it is bound by itself (`o`), or lies in a slab (`s`). */
  readonly places: readonly string[];
  readonly slabs: number;
}

/** A single call binds each operand for itself. */
export const alone = ({ dtypes }: Structure): Binding => ({ places: ['o'.repeat(dtypes.length)], slabs: 0 });

/** The shader of one or several calls. */
export function makeShader({ program, dtypes, walk }: Structure, { places, slabs }: Binding): Shader {
  const [from, to] = [dtypes.slice(0, program.inputs), dtypes.slice(program.inputs)];
  const isOwn = places.map(place => [...place].map(letter => letter === 'o'));
  const ownInputs = isOwn.flatMap(own => from.filter((_, k) => own[k]).map(inputType));
  const ownOutputs = isOwn.flatMap(own => to.filter((_, k) => own[from.length + k]).map(outputType));
  const slabTypes = Array.from({ length: slabs }, () => outputType(program.dtype));
  const name = `map ${describe(program)}${places.length > 1 ? ` (${places.length} arrays)` : ''}`;
  return new Shader(name, ownInputs, [...ownOutputs, ...slabTypes], operands => {
    const slabOperands = operands.slice(operands.length - slabs);
    let [nextInput, nextOutput, word] = [0, ownInputs.length, 0];
    const parts = isOwn.map((own): MapPart => {
      const [groups, size] = [param(word), param(word + 1)];
      word += 2;
      const bound = dtypes.map((_, k): Operand => {
        if (own[k]) return operands[k < from.length ? nextInput++ : nextOutput++]!;
        return slabs === 1 ? slabOperands[0]! : { ...slabOperands[0]!, slot: param(word++) };
      });
      const code = indexingCode(walk, word);
      word = code.end + program.scalars;
      return { groups, size, operands: bound, ...code };
    });
    return mapCode(program, dtypes, parts, slabOperands, { threads, perThread });
  });
}

/** The operations of a program, for profilers. */
function describe({ instructions }: Program): string {
  const names = instructions.map(({ op }) => op);
  return names.length > 6 ? `${names.slice(0, 6).join(' ')} and ${names.length - 6} more` : names.join(' ');
}
