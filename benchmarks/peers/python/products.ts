import type { RunOptions, RunResult } from '../../harness/contract.js';
import { accept, type Product, products, roundTime } from '../../micro.js';
import { runPython } from './start.js';

const shapeOf = ({ rows, columns, transposed }: Product['a']) => ({ rows, columns, transposed });

/** The `matmul` workload of a Python peer: its script computes and times the products, and they are checked here. */
export async function multiplyInPython(module: string, options: RunOptions): Promise<RunResult> {
  const list = products();
  const inputs = Object.fromEntries(
    list.flatMap(({ a, b }, i) => [
      [`a${i}`, a.data],
      [`b${i}`, b.data],
    ]),
  );
  const described = list.map(({ name, flop, a, b }) => ({ name, flop, a: shapeOf(a), b: shapeOf(b) }));
  const settings = { products: described, minimum: roundTime(options.budget) };
  const { result, outputs } = await runPython(module, options, { inputs, settings });
  const errors = list.map((item, i) => accept(`matmul ${item.name}`, item.error(outputs.get(String(i)) ?? [])));
  return { ...result, loss: Math.max(...errors) };
}
