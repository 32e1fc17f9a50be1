/** The LSTM cell as formulas of generic functions: what runs where a device has no kernel, and what higher derivatives are made of. */
import { add, type KnetArray, mul, sub, tanh } from '@knet/knetarray';
import { sigm } from './activations.js';

/** The four gates, or their gradients, as arrays of one shape. */
export interface Gates {
  readonly forget: KnetArray;
  readonly enter: KnetArray;
  readonly out: KnetArray;
  readonly change: KnetArray;
}

/** The two states of a cell, or their gradients. */
export interface States {
  readonly hidden: KnetArray;
  readonly cell: KnetArray;
}

/** The gates after their nonlinearities; `gate(k)` gives them before, in the order forget, in, out, change. */
export function activated(gate: (k: number) => KnetArray): Gates {
  return {
    forget: sigm<KnetArray>(gate(0)),
    enter: sigm<KnetArray>(gate(1)),
    out: sigm<KnetArray>(gate(2)),
    change: tanh<KnetArray>(gate(3)),
  };
}

/** The new states, from activated gates. */
export function nextStates({ forget, enter, out, change }: Gates, cell: KnetArray): States {
  const next = add(mul(cell, forget), mul(enter, change));
  return { hidden: mul(out, tanh(next)), cell: next };
}

/** What arrives at the new cell, in sum, from the gradients of both new states; with the tanh of that cell. */
function backThrough({ out }: Gates, newCell: KnetArray, { hidden, cell }: States): { arriving: KnetArray; squashed: KnetArray } {
  const squashed = tanh<KnetArray>(newCell);
  return { squashed, arriving: add(cell, mul(mul(hidden, out), sub(1, mul(squashed, squashed)))) };
}

/** Gradients of the gates before their nonlinearities, from activated gates and the gradients of the new states. */
export function gatesGradient(gates: Gates, cell: KnetArray, newCell: KnetArray, gradients: States): Gates {
  const { forget, enter, out, change } = gates;
  const { arriving, squashed } = backThrough(gates, newCell, gradients);
  return {
    forget: mul(mul(arriving, cell), slope(forget)),
    enter: mul(mul(arriving, change), slope(enter)),
    out: mul(mul(gradients.hidden, squashed), slope(out)),
    change: mul(mul(arriving, enter), sub(1, mul(change, change))),
  };
}

/** Gradient of the cell. */
export function cellGradient(gates: Gates, newCell: KnetArray, gradients: States): KnetArray {
  return mul(backThrough(gates, newCell, gradients).arriving, gates.forget);
}

/** Derivative of the logistic function, from its value. */
function slope(s: KnetArray): KnetArray {
  return mul(s, sub(1, s));
}
