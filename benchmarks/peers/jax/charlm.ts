import { grad, jit, nn, numpy as np, tree } from '@jax-js/jax';
import { characters, charlm } from '../../data.js';
import { type RunOptions, type RunResult, train } from '../../harness/contract.js';
import { charlmWeights } from '../../weights.js';
import { onWebgpu, type Params, settle, startJax } from './backend.js';
import { crossEntropy, dense } from './functions.js';

const { vocabulary, hidden, embed } = charlm;

/** Loss of one stretch of characters, with the state after it. */
type Forward = (params: Params, state: Params, input: np.Array, gold: np.Array) => [np.Array, Params];

/**
 * The gate weights are cut in two, for the input and for the state: compiled, a concatenation in front of a product is recomputed
 * inside it.
 *
 * @param atOnce - take the products with the inputs over all time steps at once; `input` then holds one-hot rows, since the
 * derivative of `take` behind a product does not compile in version 0.1.25
 */
const forwardOf =
  (length: number, atOnce: boolean): Forward =>
  (params, state, input, gold) => {
    const [embedding, w, b, wo, bo] = params as [np.Array, np.Array, np.Array, np.Array, np.Array];
    const [wx, wh] = np.split(w, [embed], 0) as [np.Array, np.Array];
    const project = (x: np.Array): np.Array => np.matmul(x, wx.ref);
    const inputs = np.split(atOnce ? project(np.matmul(input, embedding)).add(b.ref) : np.take(embedding, input, 0), length, 0);
    let [h, c] = state as [np.Array, np.Array];
    const outputs: np.Array[] = [];
    for (const x of inputs) {
      const fromState = np.matmul(h, wh.ref);
      const gates = np.split(atOnce ? x.add(fromState) : project(x).add(fromState).add(b.ref), 4, 1);
      const [forget, ingate, outgate, change] = gates as [np.Array, np.Array, np.Array, np.Array];
      c = nn
        .sigmoid(forget)
        .mul(c)
        .add(nn.sigmoid(ingate).mul(np.tanh(change)));
      h = nn.sigmoid(outgate).mul(np.tanh(c.ref));
      outputs.push(h.ref);
    }
    wx.dispose();
    wh.dispose();
    b.dispose();
    return [crossEntropy(dense(np.concatenate(outputs, 0), wo, bo), gold), [h, c]];
  };

/** The LSTM language model; the state is carried from one optimizer step to the next. */
export async function run(options: RunOptions): Promise<RunResult> {
  const { batch, length } = options;
  const gpu = onWebgpu(options.variant);
  const forward = forwardOf(length, gpu);
  await startJax(options);
  const weights = charlmWeights();
  let params: Params = [
    np.array(weights.embedding).reshape([vocabulary, embed]),
    np.array(weights.gates).reshape([embed + hidden, 4 * hidden]),
    np.zeros([4 * hidden]),
    np.array(weights.projection).reshape([hidden, vocabulary]),
    np.zeros([vocabulary]),
  ];
  const zeros = (): Params => [np.zeros([batch, hidden]), np.zeros([batch, hidden])];
  let state = zeros();
  const onehot = (ids: Int32Array): np.Array => nn.oneHot(np.array(ids), vocabulary).astype(np.float32);
  const batchOf = (index: number): [np.Array, np.Array] => {
    const ids = characters(index, options);
    const input = ids.slice(0, length * batch);
    return [gpu ? onehot(input) : np.array(input), onehot(ids.slice(batch))];
  };
  const batches = Array.from({ length: options.warmup + options.steps }, (_, index) => batchOf(index));

  const gradient = grad(forward, { hasAux: true });
  const update = (current: Params, before: Params, input: np.Array, gold: np.Array): [Params, Params] => {
    const [gradients, after] = gradient(tree.ref(current), before, input, gold);
    return [current.map((p, i) => p.sub(gradients[i]!)), after];
  };
  const step = options.variant.startsWith('jit') ? jit(update) : update;
  const evaluate = gpu ? jit(forward) : forward;
  const finish = (): Promise<void> => settle([...params, ...state], options);
  return train(
    {
      step: async index => {
        const [input, gold] = batches[index]!;
        [params, state] = step(params, state, input.ref, gold.ref);
        if (!gpu) await finish();
      },
      finish,
      loss: async () => {
        const [input, gold] = batches[0]!;
        const [loss, after] = evaluate(tree.ref(params), zeros(), input.ref, gold.ref);
        tree.dispose(after);
        return (await loss.data())[0]!;
      },
    },
    options,
  );
}
