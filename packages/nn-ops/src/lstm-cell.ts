/** The elementwise part of an LSTM cell, on the backend's kernel or as programs. */
import {
  type Backend,
  cat,
  contiguousStrides,
  DeviceArray,
  type DType,
  type KnetArray,
  type Primitive,
  primitive,
  type Shape,
  slice,
  span,
  type View,
  viewOf,
} from '@knet/knetarray';
import { withContiguous } from './dense.js';
import { activated, cellGradient, type Gates, gatesGradient, nextStates, type States } from './lstm-formulas.js';

/** Block k of `size` columns: a view. */
export function columns(x: KnetArray, k: number, size: number): KnetArray {
  return slice(x, ':', span(k * size, (k + 1) * size));
}

/**
 * From `[batch, 4 * hidden]` gates and `[batch, hidden]` cell, hidden' in the first columns and cell' in the others: one kernel
 * of the backend, or one program with two outputs that lie side by side.
 *
 * The rules recompute the gates' nonlinearities, which is cheaper than to keep them for a whole sequence.
 */
export const lstmCell: Primitive<(gates: KnetArray, cell: KnetArray) => KnetArray> = /* @__PURE__ */ primitive('lstm', {
  methods: [
    [
      [DeviceArray, DeviceArray],
      (gates: DeviceArray, cell: DeviceArray) => (hasKernel(gates, cell) ? runKernel(gates, cell) : compose(gates, cell)),
    ],
  ],
  derivatives: [
    ({ args, y }) => {
      const [gates, cell] = [args[0], args[1]];
      return dy => gradientKernel(gates, cell, y, dy)?.gates ?? composedGates(gates, cell, y, dy);
    },
    ({ args, y }) => {
      const [gates, cell] = [args[0], args[1]];
      return dy => gradientKernel(gates, cell, y, dy)?.cell ?? composedCell(gates, cell.shape, y, dy);
    },
  ],
});

function compose(gates: KnetArray, cell: KnetArray): KnetArray {
  const { hidden, cell: next } = nextStates(gatesOf(gates, cell.shape), cell);
  return cat([hidden, next], 1);
}

function composedGates(gates: KnetArray, cell: KnetArray, y: KnetArray, dy: KnetArray): KnetArray {
  const { shape } = cell;
  const { forget, enter, out, change } = gatesGradient(gatesOf(gates, shape), cell, statesOf(y, shape).cell, statesOf(dy, shape));
  return cat([forget, enter, out, change], 1);
}

function composedCell(gates: KnetArray, shape: Shape, y: KnetArray, dy: KnetArray): KnetArray {
  return cellGradient(gatesOf(gates, shape), statesOf(y, shape).cell, statesOf(dy, shape));
}

function gatesOf(gates: KnetArray, shape: Shape): Gates {
  return activated(k => columns(gates, k, shape[1]!));
}

function statesOf(y: KnetArray, shape: Shape): States {
  return { hidden: columns(y, 0, shape[1]!), cell: columns(y, 1, shape[1]!) };
}

/** Whether a backend has the kernels of the cell. */
export function hasLstm(backend: Backend, dtype: DType): boolean {
  return backend.lstm !== undefined && backend.lstmGradient !== undefined && backend.supports('lstm', dtype);
}

function hasKernel(gates: DeviceArray, cell: DeviceArray): boolean {
  return hasLstm(gates.device.backend, gates.dtype) && cell.dtype === gates.dtype && cell.size > 0;
}

function runKernel(gates: DeviceArray, cell: DeviceArray): DeviceArray {
  const [batch, size] = cell.shape as readonly [number, number];
  const y = DeviceArray.empty(gates.device, gates.dtype, [batch, 2 * size]);
  const [hidden, next] = states(y.view(), cell.size);
  withContiguous([gates, cell], ([g, c]) =>
    gates.device.backend.lstm?.(blocks(viewOf(g!), 4, cell.size), blocks(viewOf(c!), 1, cell.size), hidden, next),
  );
  return y;
}

/** `[batch, count * hidden]` as the blocks of a kernel: with the batch first, each of them lies in one run. */
function blocks(view: View, count: number, size: number): View {
  const shape = count === 1 ? [size, 1] : [size, count, 1];
  return { ...view, shape, strides: contiguousStrides(shape) };
}

/** The two halves of `[batch, 2 * hidden]`. */
function states(view: View, size: number): [hidden: View, cell: View] {
  const hidden = blocks(view, 1, size);
  return [hidden, { ...hidden, offset: hidden.offset + size }];
}

interface Gradients {
  readonly y: DeviceArray;
  readonly dy: DeviceArray;
  readonly gates: DeviceArray;
  readonly cell: DeviceArray;
}

/** One kernel computes both gradients; the rules of both arguments run one after the other and share them. */
let latest: Gradients | undefined;

/** Both gradients by the backend's kernel, or undefined: a box, of an outer gradient computation, takes the formulas. */
function gradientKernel(gates: KnetArray, cell: KnetArray, y: KnetArray, dy: KnetArray): Gradients | undefined {
  if (!(gates instanceof DeviceArray && cell instanceof DeviceArray && y instanceof DeviceArray && dy instanceof DeviceArray))
    return undefined;
  if (!hasKernel(gates, cell) || dy.dtype !== gates.dtype) return undefined;
  const known = latest;
  latest = undefined;
  if (known !== undefined && known.y === y && known.dy === dy && !known.cell.released) return known;
  const { device, dtype } = gates;
  const gradients = { y, dy, gates: DeviceArray.empty(device, dtype, gates.shape), cell: DeviceArray.empty(device, dtype, cell.shape) };
  const { size } = cell;
  withContiguous([gates, cell, y, dy], ([g, c, r, d]) => {
    const newCell = states(viewOf(r!), size)[1];
    const [hidden, direct] = states(viewOf(d!), size);
    device.backend.lstmGradient?.(
      blocks(viewOf(g!), 4, size),
      blocks(viewOf(c!), 1, size),
      newCell,
      { hidden, cell: direct },
      blocks(gradients.gates.view(), 4, size),
      blocks(gradients.cell.view(), 1, size),
    );
  });
  latest = gradients;
  return gradients;
}
