/** The elementwise part of an LSTM cell. */
import type { LstmGradients, View } from '@knet/knetarray';
import { addressOf, type Command, codeOf } from '../command.js';
import type { Native } from '../native.js';

/** See `Backend.lstm`. */
export function lstm(native: Native, command: Command, gates: View, cell: View, newHidden: View, newCell: View): void {
  begin(command, gates).put(addressOf(gates)).put(addressOf(cell)).put(addressOf(newHidden)).put(addressOf(newCell));
  native.lstm();
}

/** See `Backend.lstmGradient`. */
export function lstmGradient(
  native: Native,
  command: Command,
  gates: View,
  cell: View,
  newCell: View,
  { hidden, cell: arriving }: LstmGradients,
  gatesGradient: View,
  cellGradient: View,
): void {
  begin(command, gates).put(addressOf(gates)).put(addressOf(cell)).put(addressOf(newCell));
  command.put(addressOf(hidden)).put(addressOf(arriving)).put(addressOf(gatesGradient)).put(addressOf(cellGradient));
  native.lstmGradient();
}

function begin(command: Command, { dtype, shape }: View): Command {
  return command.begin().put(codeOf(dtype)).put(shape[0]!).put(shape[2]!);
}
