/** Pooling and unpooling over 1, 2 or 3 spatial dimensions. */
import {
  DeviceArray,
  expand,
  gather,
  KnetArray,
  mul,
  type PoolingGeometry,
  type Primitive,
  primitive,
  type RuleContext,
  reshape,
  scatterAdd,
  sum,
  vec,
  viewOf,
} from '@knet/knetarray';
import { withContiguous } from './dense.js';
import { composedPositions } from './pooling-default.js';
import {
  AVERAGE_INCLUDE_PADDING,
  MAX,
  type PoolingOptions,
  poolingOf,
  unpoolingOf,
  type Weighting,
  weightTable,
  windowTable,
} from './pooling-geometry.js';
import { beforeRelu, relu } from './relu.js';
import { product } from './spatial.js';

export { AVERAGE_EXCLUDE_PADDING, AVERAGE_INCLUDE_PADDING, MAX, type PoolingOptions } from './pooling-geometry.js';

/**
 * Pooling of x `[X1..XD, C, N]` to `[Y1..YD, C, N]`, `Yi = 1 + (Xi + 2 * padding - window) / stride`, the division truncated
 * toward zero: a dimension shorter than the window gives one clipped window. Windows are clipped to the padded extent. In mode
 * `MAX` a tie goes to the first element.
 *
 * @throws RangeError when shapes or options do not fit
 *
 * @example
 * pool(x);                                                   // 2x2 maxima
 * pool(x, { window: 3, stride: 2, padding: 1, mode: AVERAGE_EXCLUDE_PADDING });
 */
export function pool(x: KnetArray, options: PoolingOptions = {}): KnetArray {
  const { mode, alpha, geometry: g } = poolingOf(x, options);
  const y = mode === MAX ? maxPool(x, g) : windowSums(x, g, mode === AVERAGE_INCLUDE_PADDING ? 'includePadding' : 'excludePadding');
  return alpha === 1 ? y : mul(y, alpha);
}

/**
 * Undoes pooling: the result `[(Xi - 1) * stride + window - 2 * padding .., C, N]` has every value copied over its window, so
 * that `pool(unpool(x, options), options)` is x. For that, padded windows of mode `AVERAGE_INCLUDE_PADDING` hold
 * more than the value, as the padding counts for 0. Where windows overlap, values add up.
 *
 * @throws RangeError when shapes or options do not fit
 *
 * @example
 * unpool(x); // [14, 14, 8, 1] gives [28, 28, 8, 1]
 */
export function unpool(x: KnetArray, options: PoolingOptions = {}): KnetArray {
  const { mode, alpha, geometry } = unpoolingOf(x, options);
  const y = windowSpread(x, geometry, mode === AVERAGE_INCLUDE_PADDING ? 'undoIncludePadding' : 'copy');
  return alpha === 1 ? y : mul(y, 1 / alpha);
}

interface MaxOptions {
  readonly geometry: PoolingGeometry;
}
type MaxFunction = (x: KnetArray, options: MaxOptions) => KnetArray;

/** The largest elements. Relu and they commute, and after them it has less to do. */
function maxPool(x: KnetArray, geometry: PoolingGeometry): KnetArray {
  const before = beforeRelu(x);
  return before === undefined ? maxPooled(x, { geometry }) : relu(maxPooled(before, { geometry }));
}

const maxPooled: Primitive<MaxFunction> = /* @__PURE__ */ primitive<MaxFunction>('pool', {
  methods: [
    [
      [KnetArray],
      (x: DeviceArray, { geometry: g }: MaxOptions) => {
        const shape = [...g.y, ...x.shape.slice(g.x.length)];
        if (!hasKernel(x) || product(shape) === 0) return reshape(gather(vec(x), maxPositions(x, { geometry: g })), shape);
        const y = DeviceArray.empty(x.device, x.dtype, shape);
        withContiguous([x], ([source]) => x.device.backend.maxPooling?.(g, viewOf(source!), y.view(), undefined));
        return y;
      },
    ],
  ],
  derivatives: [
    ({ args, options }) => {
      const x = args[0];
      const { geometry } = options as unknown as MaxOptions;
      // Where the largest elements are has no derivative, and choosing them is linear.
      return dy => gradientKernel(x, dy, geometry) ?? reshape(scatterAdd(vec(dy), maxPositions(x, { geometry }), 0, x.size), x.shape);
    },
  ],
});

/** The gradient by the backend's kernel, or undefined: a box, of an outer gradient computation, takes the positions. */
function gradientKernel(x: KnetArray, dy: KnetArray, g: PoolingGeometry): DeviceArray | undefined {
  if (!(x instanceof DeviceArray && dy instanceof DeviceArray)) return undefined;
  const { backend } = x.device;
  if (backend.maxPoolingGradient === undefined || !hasKernel(x) || dy.size === 0 || dy.dtype !== x.dtype) return undefined;
  const dx = DeviceArray.empty(x.device, x.dtype, x.shape);
  withContiguous([x, dy], ([a, b]) => backend.maxPoolingGradient?.(g, viewOf(a!), viewOf(b!), dx.view()));
  return dx;
}

/** Position in `vec(x)` of the first largest element of each window, an int32 vector. */
const maxPositions: Primitive<MaxFunction> = /* @__PURE__ */ primitive<MaxFunction>('pool (positions)', {
  methods: [
    [
      [KnetArray],
      (x: DeviceArray, { geometry: g }: MaxOptions) => {
        const size = product(g.y) * g.planes;
        if (size === 0 || !hasKernel(x)) return composedPositions(x, g);
        const y = DeviceArray.empty(x.device, x.dtype, [size]);
        const positions = DeviceArray.empty(x.device, 'int32', [size]);
        withContiguous([x], ([source]) => x.device.backend.maxPooling?.(g, viewOf(source!), y.view(), positions.view()));
        y.free();
        return positions;
      },
    ],
  ],
  zeroDerivative: true,
});

function hasKernel(x: DeviceArray): boolean {
  const { backend } = x.device;
  return backend.maxPooling !== undefined && backend.supports('maxPooling', x.dtype);
}

interface SumOptions {
  readonly geometry: PoolingGeometry;
  readonly weighting: Weighting;
}
type SumFunction = (x: KnetArray, options: SumOptions) => KnetArray;

const sumOptionsOf = (context: RuleContext): SumOptions => context.options as unknown as SumOptions;

/** Weighted sums over windows of x: all of average pooling. */
const sumWindows: Primitive<SumFunction> = /* @__PURE__ */ primitive<SumFunction>('pool (average)', {
  methods: [
    [
      [KnetArray],
      (x: DeviceArray, { geometry: g, weighting }: SumOptions) => {
        const rest = x.shape.slice(g.x.length);
        const windows = gather(reshape(x, [product(g.x), g.planes]), windowTable(x.device, g), 0);
        const sums = sum(reshape(windows, [product(g.window), product(g.y), g.planes]), { dims: 0 });
        const weighted = mul(reshape(sums, [product(g.y), g.planes]), weightTable(x.device, x.dtype, g, weighting));
        return reshape(weighted, [...g.y, ...rest]);
      },
    ],
  ],
  derivatives: [
    context => {
      const options = sumOptionsOf(context);
      return dy => spreadWindows(dy, options);
    },
  ],
});

/** The transpose of {@link sumWindows}: each value, weighted, is added to every element of its window. */
const spreadWindows: Primitive<SumFunction> = /* @__PURE__ */ primitive<SumFunction>('unpool', {
  methods: [
    [
      [KnetArray],
      (y: DeviceArray, { geometry: g, weighting }: SumOptions) => {
        const [size, count] = [product(g.window), product(g.y)];
        const rest = y.shape.slice(g.y.length);
        const weighted = mul(reshape(y, [count, g.planes]), weightTable(y.device, y.dtype, g, weighting));
        const copies = expand(reshape(weighted, [1, count, g.planes]), [size, count, g.planes]);
        const x = scatterAdd(reshape(copies, [size * count, g.planes]), windowTable(y.device, g), 0, product(g.x));
        return reshape(x, [...g.x, ...rest]);
      },
    ],
  ],
  derivatives: [
    context => {
      const options = sumOptionsOf(context);
      return dx => sumWindows(dx, options);
    },
  ],
});

const windowSums = (x: KnetArray, geometry: PoolingGeometry, weighting: Weighting): KnetArray => sumWindows(x, { geometry, weighting });
const windowSpread = (x: KnetArray, geometry: PoolingGeometry, weighting: Weighting): KnetArray =>
  spreadWindows(x, { geometry, weighting });
