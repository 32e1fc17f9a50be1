/** Whole LSTM layers, by cuDNN. */
import type { DType, LstmLayerGeometry, LstmLayerViews, View } from '@knet/knetarray';
import { bytesPerElement, sizeOf } from '@knet/knetarray';
import { type Command, codeOf } from '@knet-private/native-commands';
import type { Native } from './native.js';

/** See `Backend.lstmLayerMemory`. */
export function lstmLayerMemory(
  native: Pick<Native, 'lstmLayerMemory'>,
  words: Float64Array,
  command: Command,
  geometry: LstmLayerGeometry,
  dtype: DType,
): number | undefined {
  begin(command, geometry, dtype);
  native.lstmLayerMemory();
  const bytes = words[0]!;
  return bytes < 0 ? undefined : bytes;
}

/** See `Backend.lstmLayer`. */
export function lstmLayer(
  native: Pick<Native, 'lstmLayer'>,
  command: Command,
  geometry: LstmLayerGeometry,
  inputs: LstmLayerViews,
  y: View,
  memory: View | undefined,
): void {
  begin(command, geometry, y.dtype);
  all(command, inputs).address(y);
  kept(command, memory);
  native.lstmLayer();
}

/** See `Backend.lstmLayerGradient`. */
export function lstmLayerGradient(
  native: Pick<Native, 'lstmLayerGradient'>,
  command: Command,
  geometry: LstmLayerGeometry,
  inputs: LstmLayerViews,
  y: View,
  dy: View,
  memory: View,
  gradients: LstmLayerViews,
): void {
  begin(command, geometry, y.dtype);
  all(command, inputs).address(y).address(dy);
  kept(command, memory);
  all(command, gradients);
  native.lstmLayerGradient();
}

function begin(command: Command, { inputs, size, batch, time }: LstmLayerGeometry, dtype: DType): void {
  command.begin().put(codeOf(dtype)).put(inputs).put(size).put(batch).put(time);
}

function all(command: Command, { weight, bias, x, hidden, cell }: LstmLayerViews): Command {
  return command.address(weight).address(bias).address(x).address(hidden).address(cell);
}

/** Writes an address and a number of bytes, or twice nothing. */
function kept(command: Command, memory: View | undefined): void {
  if (memory === undefined) command.put(0).put(0);
  else command.address(memory).put(sizeOf(memory.shape) * bytesPerElement(memory.dtype));
}
