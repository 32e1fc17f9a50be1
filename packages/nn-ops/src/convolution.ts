/**
 * Convolution and transposed convolution. Forward, gradient with respect to x and gradient with respect to w are bilinear, and
 * each one's derivatives are the other two: derivatives of every order come from three kernels.
 */
import {
  astype,
  type ConvolutionGeometry,
  type ConvolutionKind,
  DeviceArray,
  KnetArray,
  type Primitive,
  primitive,
  promote,
  type RuleContext,
  viewOf,
} from '@knet/knetarray';
import { composedConvolution } from './convolution-default.js';
import { type ConvolutionOptions, convolutionGeometry, deconvolutionGeometry } from './convolution-geometry.js';
import { withContiguous } from './dense.js';
import { product } from './spatial.js';

export { CONVOLUTION, type ConvolutionOptions, CROSS_CORRELATION } from './convolution-geometry.js';

/**
 * Convolution of x `[X1..XD, I, N]` with filters w `[W1..WD, I, O]`, D = 1, 2 or 3. The result is `[Y1..YD, O, N]` with
 * `Yi = 1 + floor((Xi + 2 * padding - ((Wi - 1) * dilation + 1)) / stride)`. With groups w is `[W.., I / group, O]`.
 *
 * @throws RangeError when shapes or options do not fit, TypeError for arrays that are not float
 *
 * @example
 * conv4(xavier([5, 5, 1, 20]), images, { padding: 2 }); // [28, 28, 1, 100] gives [28, 28, 20, 100]
 */
export function conv4(w: KnetArray, x: KnetArray, options: ConvolutionOptions = {}): KnetArray {
  const geometry = convolutionGeometry(w, x, options);
  const dtype = promote(w.dtype, x.dtype);
  return forward(astype(w, dtype), astype(x, dtype), geometry);
}

/**
 * Transposed convolution of x `[X1..XD, Cin, N]` with filters w `[W1..WD, Cout, Cin]`: the map from the gradient of a
 * convolution's result to the gradient of its input. The result is `[Y1..YD, Cout, N]` with
 * `Yi = (Xi - 1) * stride + (Wi - 1) * dilation + 1 - 2 * padding`. With groups w is `[W.., Cout / group, Cin]`.
 *
 * @throws RangeError when shapes or options do not fit, TypeError for arrays that are not float
 *
 * @example
 * deconv4(xavier([2, 2, 8, 16]), x, { stride: 2 }); // [7, 7, 16, 1] gives [14, 14, 8, 1]
 */
export function deconv4(w: KnetArray, x: KnetArray, options: ConvolutionOptions = {}): KnetArray {
  const geometry = deconvolutionGeometry(w, x, options);
  const dtype = promote(w.dtype, x.dtype);
  return gradientX(astype(w, dtype), astype(x, dtype), geometry);
}

type Bilinear = (a: KnetArray, b: KnetArray, geometry: ConvolutionGeometry) => KnetArray;
type Context = RuleContext<Parameters<Bilinear>, KnetArray>;

// The options of a call are its geometry, as the last argument.
const geometryOf = (context: Context): ConvolutionGeometry => context.options as unknown as ConvolutionGeometry;

function bilinear(
  name: string,
  kind: ConvolutionKind,
  byFirst: (b: KnetArray, dy: KnetArray, g: ConvolutionGeometry) => KnetArray,
  bySecond: (a: KnetArray, dy: KnetArray, g: ConvolutionGeometry) => KnetArray,
): Primitive<Bilinear> {
  return primitive<Bilinear>(name, {
    methods: [[[KnetArray, KnetArray], (a: DeviceArray, b: DeviceArray, g: ConvolutionGeometry) => run(kind, a, b, g)]],
    derivatives: [
      context => {
        const b = context.args[1];
        const g = geometryOf(context);
        return dy => byFirst(b, dy, g);
      },
      context => {
        const a = context.args[0];
        const g = geometryOf(context);
        return dy => bySecond(a, dy, g);
      },
    ],
  });
}

/** y from w and x. */
const forward: Primitive<Bilinear> = /* @__PURE__ */ bilinear(
  'conv4',
  'forward',
  (x, dy, g) => gradientW(x, dy, g),
  (w, dy, g) => gradientX(w, dy, g),
);

/** Gradient with respect to x, from w and dy. */
const gradientX: Primitive<Bilinear> = /* @__PURE__ */ bilinear(
  'conv4 (gradient of x)',
  'gradientX',
  (dy, ddx, g) => gradientW(ddx, dy, g),
  (w, ddx, g) => forward(w, ddx, g),
);

/** Gradient with respect to w, from x and dy. */
const gradientW: Primitive<Bilinear> = /* @__PURE__ */ bilinear(
  'conv4 (gradient of w)',
  'gradientW',
  (dy, ddw, g) => gradientX(ddw, dy, g),
  (x, ddw, g) => forward(ddw, x, g),
);

function run(kind: ConvolutionKind, a: DeviceArray, b: DeviceArray, g: ConvolutionGeometry): KnetArray {
  const { device, dtype } = a;
  const { backend } = device;
  const shape =
    kind === 'forward'
      ? [...g.y, g.outputs, g.batch]
      : kind === 'gradientX'
        ? [...g.x, g.inputs, g.batch]
        : [...g.w, g.inputs / g.group, g.outputs];
  // No channels or no instances: sums of nothing.
  if (product(shape) === 0 || a.size === 0 || b.size === 0) return DeviceArray.constant(device, dtype, shape, 0);
  if (backend.convolution === undefined || !backend.supports('convolution', dtype)) return composedConvolution(kind, a, b, g);
  const result = DeviceArray.empty(device, dtype, shape);
  withContiguous([a, b], ([first, second]) => backend.convolution?.(kind, g, viewOf(first!), viewOf(second!), result.view()));
  return result;
}
