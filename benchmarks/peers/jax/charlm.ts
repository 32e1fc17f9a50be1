import { grad, jit, nn, numpy as np, tree } from '@jax-js/jax';
import { characters, charlm } from '../../data.js';
import { type RunOptions, type RunResult, train } from '../../harness/contract.js';
import { charlmWeights } from '../../weights.js';
import { onWebgpu, type Params, settle, startJax } from './backend.js';
import { crossEntropy, dense } from './functions.js';

const { vocabulary, hidden, embed } = charlm;

/** Loss of one stretch of characters, with the state after it. The gate
 * weights are cut in two, for the input and for the state: compiled, a concatenation in front of a product is recomputed inside it. */
function forward(params: Params, state: Params, input: np.Array, gold: np.Array): [np.Array, Params] {
  const length = input.shape[0]! / state[0]!.shape[0]!;
  const [embedding, w, b, wo, bo] = params as [np.Array, np.Array, np.Array, np.Array, np.Array];
  const [wx, wh] = np.split(w, [embed], 0) as [np.Array, np.Array];
  const inputs = np.split(np.take(embedding, input, 0), length, 0);
  let [h, c] = state as [np.Array, np.Array];
  const outputs: np.Array[] = [];
  for (const x of inputs) {
    const gates = np.split(np.matmul(x, wx.ref).add(np.matmul(h, wh.ref)).add(b.ref), 4, 1);
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
}

/** The LSTM language model; the state is carried from one optimizer step to the next. */
export async function run(options: RunOptions): Promise<RunResult> {
  const { batch, length } = options;
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
    return [np.array(ids.slice(0, length * batch)), onehot(ids.slice(batch))];
  };
  const batches = Array.from({ length: options.warmup + options.steps }, (_, index) => batchOf(index));

  const gradient = grad(forward, { hasAux: true });
  const update = (current: Params, before: Params, input: np.Array, gold: np.Array): [Params, Params] => {
    const [gradients, after] = gradient(tree.ref(current), before, input, gold);
    return [current.map((p, i) => p.sub(gradients[i]!)), after];
  };
  const step = options.variant.startsWith('jit') ? jit(update) : update;
  const evaluate = onWebgpu(options.variant) ? jit(forward) : forward;
  const finish = (): Promise<void> => settle([...params, ...state], options);
  return train(
    {
      step: async index => {
        const [input, gold] = batches[index]!;
        [params, state] = step(params, state, input.ref, gold.ref);
        if (!onWebgpu(options.variant)) await finish();
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
