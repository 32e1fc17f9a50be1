/** The elementwise part of an LSTM cell. */
import type { LstmGradients, View } from '@knet/knetarray';
import { type Command, codeOf } from './command.js';
import type { NativeKernels } from './native-kernels.js';

/** See `Backend.lstm`. */
export function lstm(native: NativeKernels, command: Command, gates: View, cell: View, newHidden: View, newCell: View): void {
  begin(command, gates).address(gates).address(cell).address(newHidden).address(newCell).end();
  native.lstm();
}

/** See `Backend.lstmGradient`. */
export function lstmGradient(
  native: NativeKernels,
  command: Command,
  gates: View,
  cell: View,
  newCell: View,
  { hidden, cell: arriving }: LstmGradients,
  gatesGradient: View,
  cellGradient: View,
): void {
  begin(command, gates).address(gates).address(cell).address(newCell);
  command.address(hidden).address(arriving).address(gatesGradient).address(cellGradient).end();
  native.lstmGradient();
}

function begin(command: Command, { dtype, shape }: View): Command {
  return command.begin().put(codeOf(dtype)).put(shape[0]!).put(shape[2]!);
}
