/** The optional kernel of a whole LSTM layer, against one cell after the other. */
import {
  array,
  type DType,
  grad,
  type KnetArray,
  type LstmLayerGeometry,
  type LstmLayerViews,
  mul,
  permute,
  slice,
  stack,
  sum,
  transpose,
  type View,
} from '@knet/knetarray';
import { lstm } from '@knet/nn-ops';
import { assert, expectElements } from '../compare.js';
import { type HostArray, host, sample, upload } from '../host.js';
import type { Suite } from '../suite.js';
import { output, withViews } from './kernel-views.js';

const layers: readonly LstmLayerGeometry[] = [
  { inputs: 1, size: 1, batch: 1, time: 1 },
  { inputs: 3, size: 4, batch: 2, time: 5 },
  { inputs: 5, size: 3, batch: 1, time: 4 },
  { inputs: 2, size: 7, batch: 3, time: 1 },
  { inputs: 8, size: 16, batch: 4, time: 3 },
  { inputs: 17, size: 5, batch: 9, time: 2 },
];

/** What a layer reads, in the order of {@link names}. */
type Arguments = readonly KnetArray[];
const names = ['weight', 'bias', 'x', 'hidden', 'cell'] as const;

/** Checks the kernel without and with its memory, and the gradient, twice from one memory. */
export async function checkLstmLayer(suite: Suite, dtype: DType): Promise<void> {
  const { backend } = suite;
  const tolerance = suite.tolerance('lstmLayer', dtype, 32);
  assert(backend.lstmLayerGradient !== undefined, 'a backend with lstmLayer needs lstmLayerGradient');
  for (const g of layers) {
    const { inputs, size, batch, time } = g;
    const what = `of ${inputs} inputs, ${size} units, batch ${batch}, ${time} steps`;
    const shapes = [
      [inputs + size, 4 * size],
      [1, 4 * size],
      [inputs, batch, time],
      [size, batch],
      [size, batch],
    ];
    const result = [size, batch, time + 1];
    const given = shapes.map((shape, i) => sample(dtype, shape, { low: -1, high: 1, seed: i + 1 }));
    const dy = sample(dtype, result, { seed: 6 });
    const expected = await reference(given, dy);
    const bytes = backend.lstmLayerMemory?.(g, dtype);
    assert(Number.isInteger(bytes) && Number(bytes) > 0, `a layer ${what} keeps ${bytes} bytes`);
    const memory = array(new Uint8Array(Number(bytes)));
    const [y, alone] = [output(dtype, result), output(dtype, result)];
    withViews(given, [y, memory], (read, [p, q]) => backend.lstmLayer?.(g, viewsOf(read), p!, q!));
    withViews(given, [alone], (read, [p]) => backend.lstmLayer?.(g, viewsOf(read), p!, undefined));
    expectElements(await y.data(), expected.y, tolerance, `a layer ${what}`);
    expectElements(await alone.data(), expected.y, tolerance, `a layer without memory ${what}`);
    for (const time of ['', ' once more']) {
      const gradients = shapes.map(shape => output(dtype, shape));
      withViews([...given, dy], [y, memory, ...gradients], (read, [p, q, ...to]) =>
        backend.lstmLayerGradient?.(g, viewsOf(read), p!, read[5]!, q!, viewsOf(to)),
      );
      for (const [i, name] of names.entries())
        expectElements(await gradients[i]!.data(), expected.gradients[i]!, tolerance, `the gradient of ${name}${time} ${what}`);
    }
  }
}

function viewsOf([weight, bias, x, hidden, cell]: readonly View[]): LstmLayerViews {
  return { weight: weight!, bias: bias!, x: x!, hidden: hidden!, cell: cell! };
}

/** The result and all gradients on the same device, made of cells. */
async function reference(given: readonly HostArray[], dy: HostArray): Promise<{ y: HostArray; gradients: HostArray[] }> {
  const read = async (x: KnetArray): Promise<HostArray> => host(x.dtype, x.shape, await x.data());
  const args: Arguments = given.map(x => upload(x));
  const y = await read(byStep(args));
  const arriving = upload(dy);
  const gradients = grad((all: Arguments) => sum(mul(arriving, byStep(all))))(args);
  return { y, gradients: await Promise.all(gradients.map(read)) };
}

/** A layer as `lstm` of one step after the other. */
function byStep([weight, bias, x, first, start]: Arguments): KnetArray {
  let [hidden, cell] = [transpose(first!), transpose(start!)];
  const outputs = Array.from({ length: x!.shape[2]! }, (_, t) => {
    [hidden, cell] = lstm(weight!, bias!, hidden, cell, transpose(slice(x!, ':', ':', t)));
    return hidden;
  });
  return permute(stack([...outputs, cell]), [1, 0, 2]);
}
