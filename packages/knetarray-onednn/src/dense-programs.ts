/** Programs whose operands all lie in one run. */
import { isContiguous, type Program, type View } from '@knet/knetarray';
import { Programs } from '@knet-private/native-commands';

/** Runs programs, and spares the addon shapes and strides where nobody needs them. */
export class DensePrograms extends Programs {
  override map(program: Program, inputs: readonly View[], scalars: readonly number[], outputs: readonly View[]): void {
    const { words, command } = this;
    const { dtype } = program;
    const { shape } = outputs[0]!;
    let dense = true;
    for (let i = 0; dense && i < inputs.length; i++) dense = inputs[i]!.dtype === dtype && isContiguous(shape, inputs[i]!.strides);
    for (let i = 0; dense && i < outputs.length; i++) dense = outputs[i]!.dtype === dtype && isContiguous(shape, outputs[i]!.strides);
    if (!dense) {
      super.map(program, inputs, scalars, outputs);
      return;
    }
    words[0] = this.handle(program);
    words[1] = -1;
    let size = 1;
    for (let d = 0; d < shape.length; d++) size *= shape[d]!;
    words[2] = size;
    let at = 3;
    for (let i = 0; i < scalars.length; i++) words[at++] = scalars[i]!;
    for (let i = 0; i < inputs.length; i++) words[at++] = command.addressOf(inputs[i]!);
    for (let i = 0; i < outputs.length; i++) words[at++] = command.addressOf(outputs[i]!);
    command.end(at);
    this.native.map();
  }
}
