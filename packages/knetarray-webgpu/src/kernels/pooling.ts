/** Max pooling and its gradient. */
import type { DType, PoolingGeometry, View } from '@knet/knetarray';
import type { Context } from '../context.js';
import { Plans } from '../plans.js';
import { type Code, type ElementType, Shader } from '../shader.js';
import { storagesOf } from '../views.js';
import { inputType, outputType } from '../wgsl/elements.js';
import { askWindowsCode, poolingThreads, type Use, type WindowStructure, windowCode } from '../wgsl/pooling.js';
import { Words } from '../wgsl/words.js';

/** Elements of a window that are written out at most. */
const mostWritten = 9;
/** Numbers of windows that a thread of a processor goes through, as finding its place takes as long as a few of them; best first. */
const windowCounts = [6, 4, 5, 7, 8, 3, 2];

/** What is dispatched for a geometry. */
interface Plan {
  readonly shader: Shader;
  /** Its parameters behind the places where the arrays begin. */
  readonly words: readonly number[];
  /** What is divided among threads. */
  readonly units: number;
}

/** The pooling kernels of a device. */
export class PoolingKernel {
  readonly #shaders = new Map<string, Shader>();
  /** By geometry, use and dtype. */
  readonly #plans = new Plans<PoolingGeometry, Plan>();

  constructor(private readonly context: Context) {}

  /** The largest element of each window and, where they are wanted, its position. */
  maxPooling(g: PoolingGeometry, x: View, y: View, indices: View | undefined): void {
    if (indices === undefined) this.#windows(g, 'values', x.dtype, [x, y]);
    else this.#windows(g, 'both', x.dtype, [x, y, indices]);
  }

  /** The gradient: windows that overlap first say what they have chosen. */
  maxPoolingGradient(g: PoolingGeometry, x: View, dy: View, dx: View): void {
    if (g.window.every((n, d) => n <= g.stride[d]!)) {
      this.#windows(g, 'gradient', x.dtype, [x, dy, dx]);
      return;
    }
    const { allocator } = this.context;
    const storage = allocator.allocate('int32', product(g.y) * g.planes);
    try {
      const indices: View = { ...dy, storage, dtype: 'int32', offset: 0 };
      this.#windows(g, 'indices', x.dtype, [x, indices]);
      this.#askWindows(g, indices, dy, dx);
    } finally {
      allocator.release(storage);
    }
  }

  #windows(g: PoolingGeometry, use: Use, dtype: DType, views: readonly View[]): void {
    const plan = this.#plans.get(g, `${use} ${dtype}`, () => this.#windowsPlan(g, use, dtype));
    this.#dispatch(plan, views);
  }

  #windowsPlan(g: PoolingGeometry, use: Use, dtype: DType): Plan {
    const structure = this.#structureOf(g, use);
    const blocks = Math.ceil(g.y[0]! / structure.windows);
    const words = geometryWords(g);
    const units = (product(g.y) / g.y[0]!) * blocks * g.planes;
    words.put({ units, blocks, planeSize: product(g.x) });
    const { window, windows, part } = structure;
    const key = `${use} ${dtype} ${g.x.length} ${window} ${windows} ${part}`;
    const [x, y] = [inputType(dtype), outputType(dtype)];
    const outputs = { values: [y], indices: [outputType('int32')], both: [y, outputType('int32')], gradient: [y] }[use];
    const inputs = use === 'gradient' ? [x, x] : [x];
    const name = use === 'gradient' ? 'max pooling (gradient)' : 'max pooling';
    const shader = this.#shader(name, key, inputs, outputs, windowCode.bind(undefined, structure, use, words.names, dtype));
    return { shader, words: words.values, units };
  }

  #askWindows(g: PoolingGeometry, indices: View, dy: View, dx: View): void {
    const { dtype } = dx;
    const words = geometryWords(g);
    const units = product(g.x) * g.planes;
    words.put({ units, yPlane: product(g.y) });
    let size = 1;
    g.y.forEach((n, d) => {
      words.put({ ySize: size }, d);
      size *= n;
    });
    const inputs = [inputType('int32'), inputType(dtype)];
    const code = askWindowsCode.bind(undefined, g.x.length, words.names, dtype);
    const shader = this.#shader('max pooling (gradient)', `ask ${dtype} ${g.x.length}`, inputs, [outputType(dtype)], code);
    this.#dispatch({ shader, words: words.values, units }, [indices, dy, dx]);
  }

  /** Small windows within x are written out; with a gradient, if they leave nothing out. */
  #structureOf(g: PoolingGeometry, use: Use): WindowStructure {
    const rank = g.x.length;
    const within = g.x.every((n, d) => g.padding[d] === 0 && (g.y[d]! - 1) * g.stride[d]! + g.window[d]! <= n);
    const complete = g.x.every((n, d) => g.stride[d] === g.window[d] && g.y[d]! * g.stride[d]! === n);
    if (product(g.window) > mostWritten || !(use === 'gradient' ? complete : within)) {
      return { rank, window: undefined, windows: 1, part: false };
    }
    const length = g.y[0]!;
    if (!this.context.software || length === 1) return { rank, window: g.window, windows: 1, part: false };
    const windows = windowCounts.find(n => length % n === 0) ?? 4;
    return { rank, window: g.window, windows, part: length % windows > 0 };
  }

  #dispatch({ shader, words, units }: Plan, views: readonly View[]): void {
    const { queue } = this.context;
    const params = queue.begin();
    for (const view of views) params.u32(view.offset);
    params.i32s(words);
    queue.dispatch(shader, storagesOf(views), Math.ceil(units / poolingThreads));
  }

  #shader(name: string, key: string, inputs: ElementType[], outputs: ElementType[], code: Code): Shader {
    let shader = this.#shaders.get(key);
    if (shader === undefined) {
      shader = new Shader(name, inputs, outputs, code);
      this.#shaders.set(key, shader);
    }
    return shader;
  }
}

/** The geometry along each dimension; `size` is the distance of neighbours in x. */
function geometryWords(g: PoolingGeometry): Words {
  const words = new Words();
  let size = 1;
  g.x.forEach((input, d) => {
    words.put({ input, length: g.y[d]!, window: g.window[d]!, padding: g.padding[d]!, stride: g.stride[d]!, size }, d);
    size *= input;
  });
  return words;
}

function product(lengths: readonly number[]): number {
  return lengths.reduce((n, m) => n * m, 1);
}
