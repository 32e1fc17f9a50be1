/** Matrix products: one dispatch, or two where k is long and the result small. */
import { collapse, type DType, sizeOf, type View } from '@knet/knetarray';
import type { Context } from '../context.js';
import { type Params, param, paramFloat, paramInt } from '../params.js';
import { type Operand, Shader } from '../shader.js';
import type { GpuStorage } from '../storage.js';
import { storageOf } from '../views.js';
import { inputType, load, outputType, registerOf, store } from '../wgsl/elements.js';
import { type Indexing, indexing, indexingCode, writeIndexing } from '../wgsl/indexing.js';
import { type Product, productMain, stridedLines } from '../wgsl/product.js';
import { type ProductPlan, planProduct } from './matmul-plan.js';

/** Threads of a workgroup of the dispatch that adds up slices. */
const sumThreads = 64;

/** Plans that are kept; sequences of ever new lengths would gather more. */
const maxPlans = 1024;

/** Words of the parameters; the dimensions of the batch and the strides along them follow. */
const word = {
  total: 0,
  m: 1,
  n: 2,
  k: 3,
  slices: 4,
  sliceLength: 5,
  sliceStride: 6,
  leftAlongSteps: 7,
  rightAlongSteps: 8,
  alpha: 9,
  beta: 10,
  left: 11,
  right: 14,
  output: 17,
  batch: 20,
} as const;

/** The matmul kernel of a device, with its shaders by plan, dtype and number of batch dimensions. */
export class MatmulKernel {
  readonly #shaders = new Map<string, Shader>();
  /** Plans by sizes. */
  readonly #plans = new Map<string, ProductPlan>();

  constructor(private readonly context: Context) {}

  /** output = alpha a b + beta output. */
  run(a: View, b: View, output: View, alpha: number, beta: number): void {
    const { shape, dtype } = output;
    const [m, n] = [shape[0]!, shape[1]!];
    const k = a.shape[1]!;
    const batch = collapse(
      shape.slice(2),
      [a, b, output].map(view => view.strides.slice(2)),
    );
    const matrices = batch.shape.reduce((x, y) => x * y, 1);
    if (m * n * matrices === 0) return;
    const plan = this.#plan(m, n, k, matrices);
    const { slices, sliceLength } = plan;
    const { queue, allocator } = this.context;
    const sums = slices > 1 ? allocator.allocate(sumDType(dtype), m * n * matrices * slices) : undefined;
    const rank = batch.shape.length;
    const shader = this.#shader(`${plan.key} ${rank} ${dtype} ${slices > 1}`, () =>
      productShader(plan, dtype, slices > 1 ? sumDType(dtype) : dtype, rank),
    );
    const params = queue
      .begin()
      .u32(plan.tiles * slices)
      .u32(m)
      .u32(n)
      .u32(k);
    params
      .u32(slices)
      .u32(sliceLength)
      .u32(m * n * matrices);
    params.u32(Number(a.strides[1] === 1)).u32(Number(b.strides[0] === 1));
    // The sums of slices are scaled when they are added up.
    writeFactors(params, dtype, sums === undefined ? alpha : 1, sums === undefined ? beta : 0);
    params.u32(a.offset).i32(a.strides[0]!).i32(a.strides[1]!);
    params.u32(b.offset).i32(b.strides[1]!).i32(b.strides[0]!);
    if (sums === undefined) params.u32(output.offset).i32(output.strides[0]!).i32(output.strides[1]!);
    else params.u32(0).u32(1).u32(m);
    params.i32s(batch.shape).i32s(batch.strides[0]!).i32s(batch.strides[1]!);
    params.i32s(sums === undefined ? batch.strides[2]! : stridesFrom(m * n, batch.shape));
    const operands = [storageOf(a.storage), storageOf(b.storage), sums ?? storageOf(output.storage)];
    queue.dispatch(shader, operands, Math.ceil((plan.tiles * slices) / plan.perWorkgroup));
    if (sums === undefined) return;
    this.#addSlices(sums, slices, output, alpha, beta);
    allocator.release(sums);
  }

  #addSlices(sums: GpuStorage, slices: number, output: View, alpha: number, beta: number): void {
    const { queue } = this.context;
    const { dtype, shape } = output;
    const walk = indexing(shape, [output]);
    const size = sizeOf(shape);
    const shader = this.#shader(`slices ${walk.key} ${dtype}`, () => sumShader(walk, dtype));
    const params = queue.begin().u32(size).u32(slices);
    writeFactors(params, dtype, alpha, beta);
    writeIndexing(params, walk);
    queue.dispatch(shader, [sums, storageOf(output.storage)], Math.ceil(size / sumThreads));
  }

  #plan(m: number, n: number, k: number, batch: number): ProductPlan {
    const key = `${m} ${n} ${k} ${batch}`;
    let plan = this.#plans.get(key);
    if (plan === undefined) {
      if (this.#plans.size >= maxPlans) this.#plans.clear();
      plan = planProduct(this.context, { m, n, k, batch });
      this.#plans.set(key, plan);
    }
    return plan;
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

function writeFactors(params: Params, dtype: DType, alpha: number, beta: number): void {
  if (registerOf(dtype) === 'f32') params.f32(alpha).f32(beta);
  else params.i32(alpha).i32(beta);
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
    lines.push(`let ${side}_${side === 'output' ? 'row' : 'line'} = ${param(word[side] + 1)};`);
    lines.push(`let ${side}_${side === 'output' ? 'column' : 'step'} = ${param(word[side] + 2)};`);
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
