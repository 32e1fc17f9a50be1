/** Normalised exponentials. */
import {
  DeviceArray,
  type DimsOptions,
  exp,
  KnetArray,
  log,
  maximum,
  mul,
  normalizeDims,
  type Primitive,
  primitive,
  type Reduction,
  type SoftmaxGeometry,
  type SoftmaxKind,
  sub,
  sum,
  viewOf,
} from '@knet/knetarray';
import { withContiguous } from './dense.js';

/** What the two functions differ in: how they are composed of generic functions where there is no kernel. */
interface Formula {
  readonly forward: (x: KnetArray, options?: DimsOptions) => KnetArray;
  readonly backward: (y: KnetArray, dy: KnetArray, options: DimsOptions) => KnetArray;
}

function normalised(kind: SoftmaxKind, { forward, backward }: Formula): Primitive<Reduction> {
  return primitive<Reduction>(kind, {
    stateless: true,
    methods: [
      [[DeviceArray], (x: DeviceArray, options?: DimsOptions) => runKernel(kind, x, options) ?? forward(x, options)],
      [[KnetArray], forward],
    ],
    derivatives: [
      ({ y, options }) =>
        dy =>
          runGradient(kind, y, dy, options) ?? backward(y, dy, options),
    ],
  });
}

/**
 * Logarithm of the softmax: x - log(sum(exp(x))) over `dims` (everything when omitted). The maximum is subtracted first, so
 * that large scores neither overflow nor lose accuracy.
 *
 * @example
 * logp(scores, { dims: 0 }); // each column becomes log-probabilities
 */
export const logp: Primitive<Reduction> = /* @__PURE__ */ normalised('logp', {
  forward: (x, options) => {
    const shifted = sub(x, maximum(x, options));
    return sub(shifted, log(sum(exp(shifted), options)));
  },
  backward: (y, dy, options) => sub(dy, mul(exp(y), sum(dy, options))),
});

/** Another name of {@link logp}. */
export const logsoftmax: Primitive<Reduction> = logp;

/**
 * exp(x) / sum(exp(x)) over `dims` (everything when omitted), without overflow.
 *
 * @example
 * softmax(scores, { dims: 0 }).sum({ dims: 0 }); // ones
 */
export const softmax: Primitive<Reduction> = /* @__PURE__ */ normalised('softmax', {
  forward: (x, options) => {
    const e = exp(sub(x, maximum(x, options)));
    return e.div(sum(e, options));
  },
  backward: (y, dy, options) => mul(y, sub(dy, sum(mul(dy, y), options))),
});

/** The result of the backend's kernel, or undefined where it has none for these arguments. */
function runKernel(kind: SoftmaxKind, x: DeviceArray, options: DimsOptions | undefined): DeviceArray | undefined {
  const { backend } = x.device;
  const geometry = geometryOf(kind, x, options);
  if (backend.softmax === undefined || geometry === undefined) return undefined;
  const y = DeviceArray.empty(x.device, x.dtype, x.shape);
  withContiguous([x], ([source]) => backend.softmax?.(kind, geometry, viewOf(source!), y.view()));
  return y;
}

/** The same for the gradient. A box, of an outer gradient computation, takes the formula, whose functions have derivatives. */
function runGradient(kind: SoftmaxKind, y: KnetArray, dy: KnetArray, options: DimsOptions): DeviceArray | undefined {
  if (!(y instanceof DeviceArray && dy instanceof DeviceArray)) return undefined;
  const { backend } = y.device;
  const geometry = geometryOf(kind, y, options);
  if (backend.softmaxGradient === undefined || geometry === undefined || dy.dtype !== y.dtype) return undefined;
  const dx = DeviceArray.empty(y.device, y.dtype, y.shape);
  withContiguous([y, dy], ([a, b]) => backend.softmaxGradient?.(kind, geometry, viewOf(a!), viewOf(b!), dx.view()));
  return dx;
}

/** The kernel's view of the shape; undefined when the device has no such kernel, or the dimensions do not lie side by side. */
function geometryOf(
  kind: SoftmaxKind,
  { device, dtype, shape, size }: DeviceArray,
  options: DimsOptions | undefined,
): SoftmaxGeometry | undefined {
  if (!device.backend.supports('softmax', dtype) || size === 0) return undefined;
  const dims = normalizeDims(options?.dims, shape.length, kind);
  const first = dims[0];
  if (first === undefined || dims.at(-1)! - first + 1 !== dims.length) return undefined;
  let [inner, length] = [1, 1];
  for (let d = 0; d < first; d++) inner *= shape[d]!;
  for (const d of dims) length *= shape[d]!;
  return { inner, length, outer: size / (inner * length) };
}
