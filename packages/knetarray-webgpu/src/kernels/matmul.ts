/** Matrix products: one dispatch, or two where k is long and the result small. */
import { collapse, type DType, sizeOf, type View } from '@knet/knetarray';
import type { Context } from '../context.js';
import { NumbersMap } from '../numbers-map.js';
import { type Params, param, paramFloat, paramInt } from '../params.js';
import { type Operand, Shader } from '../shader.js';
import type { GpuStorage } from '../storage.js';
import { storageOf } from '../views.js';
import { dtypeNumber, inputType, load, outputType, registerOf, store } from '../wgsl/elements.js';
import { type Indexing, indexing, indexingCode, writeIndexing } from '../wgsl/indexing.js';
import { type Product, productMain, stridedLines } from '../wgsl/product.js';
import { type ProductPlan, planProduct } from './matmul-plan.js';

/** Threads of a workgroup of the dispatch that adds up slices. */
const sumThreads = 64;

/** Words of the parameters; the dimensions of the batch and the strides along them follow. */
const word = {
  alpha: 0,
  beta: 1,
  /** First elements of the matrices. */
  left: 2,
  right: 3,
  output: 4,
  total: 5,
  m: 6,
  n: 7,
  k: 8,
  slices: 9,
  sliceLength: 10,
  sliceStride: 11,
  leftAlongSteps: 12,
  rightAlongSteps: 13,
  /** From one line, and from one step, to the next; of the result from one row, and from one column. */
  leftStrides: 14,
  rightStrides: 16,
  outputStrides: 18,
  batch: 20,
} as const;

/** What is known of products with the same shapes and strides. */
interface Call {
  readonly shader: Shader;
  /** The parameters from {@link word}.total on. */
  readonly words: readonly number[];
  readonly workgroups: number;
  readonly slices: number;
  /** Elements of the sums of all slices, if there are several. */
  readonly sums: number;
}

/** The matmul kernel of a device, with its shaders by plan, dtype and number of batch dimensions. */
export class MatmulKernel {
  readonly #shaders = new Map<string, Shader>();
  /** By dtype, shapes and strides. */
  readonly #calls = new NumbersMap<Call>();

  constructor(private readonly context: Context) {}

  /** output = alpha a b + beta output. */
  run(a: View, b: View, output: View, alpha: number, beta: number): void {
    if (sizeOf(output.shape) === 0) return;
    const { dtype } = output;
    const { queue, allocator } = this.context;
    const { shader, words, workgroups, slices, sums } = this.#callOf(a, b, output);
    if (slices === 1) {
      writeFactors(queue.begin(), dtype, alpha, beta).u32(a.offset).u32(b.offset).u32(output.offset).i32s(words);
      queue.dispatch(shader, [storageOf(a.storage), storageOf(b.storage), storageOf(output.storage)], workgroups);
      return;
    }
    const storage = allocator.allocate(sumDType(dtype), sums);
    // The sums of slices are scaled when they are added up.
    writeFactors(queue.begin(), dtype, 1, 0).u32(a.offset).u32(b.offset).u32(0).i32s(words);
    queue.dispatch(shader, [storageOf(a.storage), storageOf(b.storage), storage], workgroups);
    this.#addSlices(storage, slices, output, alpha, beta);
    allocator.release(storage);
  }

  #callOf(a: View, b: View, output: View): Call {
    const calls = this.#calls.begin().put(dtypeNumber(output.dtype)).put(a.shape[1]!).putAll(output.shape);
    for (let d = 0; d < output.shape.length; d++) calls.put(a.strides[d]!).put(b.strides[d]!).put(output.strides[d]!);
    return calls.find() ?? calls.keep(this.#plan(a, b, output));
  }

  #plan(a: View, b: View, { shape, strides, dtype }: View): Call {
    const [m, n] = [shape[0]!, shape[1]!];
    const k = a.shape[1]!;
    const batch = collapse(
      shape.slice(2),
      [a.strides, b.strides, strides].map(each => each.slice(2)),
    );
    const matrices = sizeOf(batch.shape);
    const rank = batch.shape.length;
    const plan = planProduct(this.context, { m, n, k, batch: matrices });
    const { slices, sliceLength } = plan;
    const sums = m * n * matrices;
    const whole = slices === 1;
    const shader = this.#shader(`${plan.key} ${rank} ${dtype} ${!whole}`, () =>
      productShader(plan, dtype, whole ? dtype : sumDType(dtype), rank),
    );
    const words = [plan.tiles * slices, m, n, k, slices, sliceLength, sums, Number(a.strides[1] === 1), Number(b.strides[0] === 1)];
    words.push(a.strides[0]!, a.strides[1]!, b.strides[1]!, b.strides[0]!);
    words.push(...(whole ? [strides[0]!, strides[1]!] : [1, m]));
    words.push(...batch.shape, ...batch.strides[0]!, ...batch.strides[1]!);
    words.push(...(whole ? batch.strides[2]! : stridesFrom(m * n, batch.shape)));
    return { shader, words, workgroups: Math.ceil((plan.tiles * slices) / plan.perWorkgroup), slices, sums: sums * slices };
  }

  #addSlices(sums: GpuStorage, slices: number, output: View, alpha: number, beta: number): void {
    const { queue } = this.context;
    const { dtype, shape } = output;
    const walk = indexing(shape, [output]);
    const size = sizeOf(shape);
    const shader = this.#shader(`slices ${walk.key} ${dtype}`, () => sumShader(walk, dtype));
    writeIndexing(writeFactors(queue.begin().u32(size).u32(slices), dtype, alpha, beta), walk, [output.offset]);
    queue.dispatch(shader, [sums, storageOf(output.storage)], Math.ceil(size / sumThreads));
  }

  #shader(key: string, make: () => Shader): Shader {
    let shader = this.#shaders.get(key);
    if (shader === undefined) {
      shader = make();
      this.#shaders.set(key, shader);
    }
    return shader;
  }
}

/** Sums of halves stay in single precision until they are complete. */
function sumDType(dtype: DType): DType {
  return registerOf(dtype) === 'f32' ? 'float32' : 'int32';
}

function stridesFrom(first: number, shape: readonly number[]): number[] {
  let stride = first;
  return shape.map(n => {
    const own = stride;
    stride *= n;
    return own;
  });
}

function writeFactors(params: Params, dtype: DType, alpha: number, beta: number): Params {
  return registerOf(dtype) === 'f32' ? params.f32(alpha).f32(beta) : params.i32(alpha).i32(beta);
}

/** Statement for `output[index] = alpha sum + beta output[index]`; the output is not read where beta is 0. */
function scaledStore(output: Operand, dtype: DType, index: string, sum: string): string {
  const zero = registerOf(dtype) === 'f32' ? '0.0' : '0';
  return `{
    let place = ${index};
    var scaled = alpha * ${sum};
    if (beta != ${zero}) { scaled += beta * ${load(output, dtype, 'place')}; }
    ${store(output, dtype, 'place', 'scaled')}
  }`;
}

function factors(dtype: DType, at: number): string {
  const read = registerOf(dtype) === 'f32' ? paramFloat : paramInt;
  return `let alpha = ${read(at)};
  let beta = ${read(at + 1)};`;
}

/** The dispatch that multiplies. */
function productShader({ key, code, extensions }: ProductPlan, dtype: DType, outputDType: DType, rank: number): Shader {
  const access = { leftAlongSteps: `${param(word.leftAlongSteps)} == 1u`, rightAlongSteps: `${param(word.rightAlongSteps)} == 1u` };
  const productOf = ([left, right, output]: readonly Operand[]): Product => ({
    type: registerOf(dtype),
    rows: 'm',
    columns: 'n',
    first: 'first',
    end: 'end',
    left: stridedLines(left!, dtype, 'left_start', 'left_line', 'left_step'),
    right: stridedLines(right!, dtype, 'right_start', 'right_line', 'right_step'),
    store: (row, column, sum) => scaledStore(output!, outputDType, `output_start + ${row} * output_row + ${column} * output_column`, sum),
  });
  const sizes = `let m = ${param(word.m)};
  let n = ${param(word.n)};`;
  const setup = `let slice = part % ${param(word.slices)};
  let first = slice * ${param(word.sliceLength)};
  let end = min(${param(word.k)}, first + ${param(word.sliceLength)});
  ${factors(outputDType, word.alpha)}
  ${batchCode(rank)}`;
  const source = (operands: readonly Operand[]): string => {
    const product = productOf(operands);
    return productMain(code(product, access), product, param(word.total), sizes, setup);
  };
  return new Shader(`matmul ${key}`, [inputType(dtype), inputType(dtype)], [outputType(outputDType)], source, extensions);
}

/** Statements that find where the matrices of a batch begin. */
function batchCode(rank: number): string {
  const lines = [`var matrix = part / ${param(word.slices)};`];
  const sides = ['left', 'right', 'output'] as const;
  for (const side of sides) {
    lines.push(`var ${side}_start = ${param(word[side])};`);
    const strides = word[`${side}Strides`];
    lines.push(`let ${side}_${side === 'output' ? 'row' : 'line'} = ${param(strides)};`);
    lines.push(`let ${side}_${side === 'output' ? 'column' : 'step'} = ${param(strides + 1)};`);
  }
  lines.push(`output_start += slice * ${param(word.sliceStride)};`);
  for (let d = 0; d < rank; d++) {
    lines.push(`{ let at = matrix % ${param(word.batch + d)}; matrix /= ${param(word.batch + d)};`);
    sides.forEach((side, s) => {
      lines.push(`${side}_start += at * ${param(word.batch + rank * (s + 1) + d)};`);
    });
    lines.push('}');
  }
  return lines.join('\n  ');
}

/** The dispatch that adds up slices. */
function sumShader(walk: Indexing, dtype: DType): Shader {
  const sums = sumDType(dtype);
  return new Shader('matmul slices', [inputType(sums)], [outputType(dtype)], ([slices, output]) => {
    const { position, indices } = indexingCode(walk, 4);
    return `
@compute @workgroup_size(${sumThreads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let i = (group.y * groups.x + group.x) * ${sumThreads}u + thread;
  let size = ${param(0)};
  if (i >= size) { return; }
  ${factors(dtype, 2)}
  var sum = ${load(slices!, sums, 'i')};
  for (var slice = 1u; slice < ${param(1)}; slice++) { sum += ${load(slices!, sums, 'i + slice * size')}; }
  ${position}
  ${scaledStore(output!, dtype, indices[0]!, 'sum')}
}`;
  });
}
