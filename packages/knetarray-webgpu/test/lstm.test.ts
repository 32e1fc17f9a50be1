import { contiguousStrides, type View } from '@knet/knetarray';
import { expect, it } from 'vitest';
import { testBackend } from './gpu.js';

const backend = await testBackend();

/** Views at different places of one storage, as those of a sequence lie. */
function viewsOf(shapes: readonly (readonly number[])[]): View[] {
  const sizes = shapes.map(shape => shape.reduce((n, m) => n * m, 1));
  const storage = backend.allocate(
    'float32',
    sizes.reduce((n, m) => n + m, 3),
  );
  let offset = 3;
  return shapes.map((shape, k) => {
    const view: View = { storage, dtype: 'float32', shape, strides: contiguousStrides(shape), offset };
    offset += sizes[k]!;
    return view;
  });
}

const write = ({ storage, offset }: View, data: Float32Array): void => backend.write(storage, offset, data);
const read = async ({ storage, offset, shape }: View): Promise<number[]> => [
  ...(await backend.read(
    storage,
    'float32',
    offset,
    shape.reduce((n, m) => n * m, 1),
  )),
];
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Gates of which some are so large that an exponential of them would overflow. */
const gate = (i: number): number => (i % 11 === 0 ? (i % 2 === 0 ? 120 : -120) : 5 * Math.sin(i * 1.3));

function expectNear(actual: readonly number[], expected: readonly number[], what: string): void {
  actual.forEach((x, i) => {
    const exact = expected[i]!;
    if (!(Math.abs(x - exact) <= 4e-6 * Math.abs(exact) + 4e-7)) expect(x, `${what}, element ${i}`).toBe(exact);
  });
}

it.each([
  [1, 1],
  [5, 3],
  [64, 2],
  [33, 7],
  [1000, 1],
])('computes %i cells of %i instances and their gradients, inputs and outputs in the same storages', async (n, m) => {
  const state = [n, m];
  // Those that a kernel reads lie beside those that it writes.
  const [gates, hidden, next, cellGradient] = viewsOf([[n, 4, m], state, state, state]) as [View, View, View, View];
  const [cell, dHidden, dCell, gatesGradient] = viewsOf([state, state, state, [n, 4, m]]) as [View, View, View, View];
  const size = n * m;
  const values = {
    gates: Float32Array.from({ length: 4 * size }, (_, i) => gate(i)),
    cell: Float32Array.from({ length: size }, (_, i) => Math.cos(i)),
    dHidden: Float32Array.from({ length: size }, (_, i) => Math.sin(2 * i)),
    dCell: Float32Array.from({ length: size }, (_, i) => Math.cos(3 * i)),
  };
  for (const [view, data] of [
    [gates, values.gates],
    [cell, values.cell],
    [dHidden, values.dHidden],
    [dCell, values.dCell],
  ] as const)
    write(view, data);
  const before = backend.counts.dispatches;
  backend.lstm(gates, cell, hidden, next);
  backend.lstmGradient(gates, cell, next, { hidden: dHidden, cell: dCell }, gatesGradient, cellGradient);
  expect(backend.counts.dispatches - before).toBe(2);
  const newCell = await read(next);
  const expected = { hidden: [] as number[], next: [] as number[], gates: new Array<number>(4 * size), cell: [] as number[] };
  for (let i = 0; i < size; i++) {
    const place = (k: number): number => (i % n) + n * (k + 4 * Math.floor(i / n));
    const at = (k: number): number => values.gates[place(k)]!;
    const [forget, enter, out, change] = [sigmoid(at(0)), sigmoid(at(1)), sigmoid(at(2)), Math.tanh(at(3))];
    expected.next.push(values.cell[i]! * forget + enter * change);
    const squashed = Math.tanh(newCell[i]!);
    expected.hidden.push(out * squashed);
    const arriving = values.dCell[i]! + values.dHidden[i]! * out * (1 - squashed ** 2);
    expected.gates[place(0)] = arriving * values.cell[i]! * forget * (1 - forget);
    expected.gates[place(1)] = arriving * change * enter * (1 - enter);
    expected.gates[place(2)] = values.dHidden[i]! * squashed * out * (1 - out);
    expected.gates[place(3)] = arriving * enter * (1 - change ** 2);
    expected.cell.push(arriving * forget);
  }
  expectNear(newCell, expected.next, 'cell');
  expectNear(await read(hidden), expected.hidden, 'hidden');
  expectNear(await read(gatesGradient), expected.gates, 'gradient of the gates');
  expectNear(await read(cellGradient), expected.cell, 'gradient of the cell');
  expect(await read(gates)).toEqual([...values.gates]);
});

it('keeps the bits of small slopes', async () => {
  const state = [1, 1];
  const [gates, cell, next, dHidden, dCell] = viewsOf([[1, 4, 1], state, state, state, state]) as [View, View, View, View, View];
  const [gatesGradient, cellGradient] = viewsOf([[1, 4, 1], state]) as [View, View];
  write(gates, new Float32Array([20, -30, 25, 0]));
  write(cell, new Float32Array([1]));
  write(next, new Float32Array([1]));
  write(dHidden, new Float32Array([1]));
  write(dCell, new Float32Array([0]));
  backend.lstmGradient(gates, cell, next, { hidden: dHidden, cell: dCell }, gatesGradient, cellGradient);
  const [forget, , out] = await read(gatesGradient);
  const arriving = sigmoid(25) * (1 - Math.tanh(1) ** 2);
  expect(forget! / (arriving * sigmoid(20) * sigmoid(-20))).toBeCloseTo(1, 5);
  expect(out! / (Math.tanh(1) * sigmoid(25) * sigmoid(-25))).toBeCloseTo(1, 5);
});
