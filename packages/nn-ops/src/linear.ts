/** Affine maps of rows: a matrix product with a bias that costs no pass of its own. */
import {
  copyProgram,
  DeviceArray,
  expand,
  gradientProduct,
  KnetArray,
  matmul,
  type Primitive,
  primitive,
  type Shape,
  sumTo,
  transpose,
  viewOf,
} from '@knet/knetarray';

/** x `[n, i]` times weight `[i, o]` plus bias `[1, o]` in every row. The product is added to the bias where it lies. */
export const affine: Primitive<(x: KnetArray, weight: KnetArray, bias: KnetArray) => KnetArray> = /* @__PURE__ */ primitive('affine', {
  methods: [
    [
      [KnetArray, KnetArray, KnetArray],
      (x: DeviceArray, weight: DeviceArray, bias: DeviceArray) => {
        const { device, dtype } = x;
        if (weight.dtype !== dtype || bias.dtype !== dtype) return matmul(x, weight).add(bias);
        const result = DeviceArray.empty(device, dtype, [x.shape[0]!, weight.shape[1]!]);
        if (result.size === 0) return result;
        const rows = expand(bias, result.shape);
        if (!(rows instanceof DeviceArray)) return matmul(x, weight).add(bias);
        device.backend.map(copyProgram(dtype), [viewOf(rows)], [], [result.view()]);
        if (x.size > 0) device.backend.matmul(viewOf(x), viewOf(weight), result.view(), 1, 1);
        return result;
      },
    ],
  ],
  derivatives: [
    ({ args }) => {
      const weight = args[1];
      return dy => gradientProduct(dy, transpose(weight));
    },
    ({ args }) => {
      const x = args[0];
      return dy => gradientProduct(transpose(x), dy);
    },
    context => {
      const shape = context.describe(2) as Shape;
      return dy => sumTo(dy, shape);
    },
  ],
});
