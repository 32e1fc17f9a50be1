import { abs2, add, grad, type KnetArray, mul, relu, sub, sum, value, zeros } from '@knet/knet';
import { compareTimes, type RunOptions, type RunResult, timePerCall } from '../harness/contract.js';
import { perceptronFigures } from '../harness/recording.js';
import { accept, chain, perceptron, roundTime } from '../micro.js';
import { from, start } from './start.js';

/** Time per function of a chain of small elementwise functions, and what recording costs a perceptron. */
export async function run(options: RunOptions): Promise<RunResult> {
  await start(options);
  const [x, factor, term] = [chain.x, chain.factor, chain.term].map(data => from(data, 10)) as [KnetArray, KnetArray, KnetArray];
  const forward = (from: KnetArray): KnetArray => {
    let value = from;
    for (let p = 0; p < chain.pairs; p++) value = add(mul(value, factor), term);
    return value;
  };
  const gradient = grad((from: KnetArray) => sum(forward(from)));
  const loss = Math.max(
    accept('overhead', chain.error(await forward(x).data())),
    accept('overhead', chain.gradientError(await gradient(x).data())),
  );
  const time = (f: (x: KnetArray) => KnetArray): Promise<number> =>
    timePerCall(async count => {
      for (let i = 0; i < count; i++) await f(x).data();
    }, roundTime(options.budget));
  const [plainTime, bothTime] = [await time(forward), await time(gradient)];
  const perFunction = 1e6 / (2 * chain.pairs);
  const recording = await recordingTimes(roundTime(options.budget) / 2);
  return {
    seconds: plainTime + bothTime,
    steps: 1,
    loss: Math.max(loss, recording.error),
    figures: { forward: plainTime * perFunction, 'forward+backward': bothTime * perFunction, ...recording.figures },
  };
}

/** Thrown to leave a differentiated function before its backward pass; made once, since a stack trace would cost more than a tape. */
const leave = new Error('left on purpose');

/** Time of the perceptron's loss, of its loss recorded but not walked back, and of its gradient. */
async function recordingTimes(minimum: number): Promise<{ figures: Record<string, number>; error: number }> {
  const model = perceptron();
  const { inputs, hidden, outputs, instances } = model;
  const [x, y] = [from(model.x, inputs, instances), from(model.y, outputs, instances)];
  const w = [from(model.first, hidden, inputs), zeros([hidden, 1]), from(model.second, outputs, hidden), zeros([outputs, 1])];
  const loss = ([w1, b1, w2, b2]: KnetArray[]): KnetArray =>
    abs2(sub(y, w2!.matmul(relu(w1!.matmul(x).add(b1!))).add(b2!)))
      .sum()
      .div(instances);
  let recorded: KnetArray | undefined;
  const record = grad((w: KnetArray[]): KnetArray => {
    recorded = value(loss(w));
    throw leave;
  });
  const recordedLoss = (): KnetArray => {
    try {
      record(w);
    } catch (error) {
      if (error !== leave) throw error;
    }
    if (recorded === undefined) throw new Error('overhead: nothing was recorded');
    return recorded;
  };
  const gradient = grad(loss);
  const bias = gradient(w)[3]!;
  const right = [await loss(w).item(), await recordedLoss().item()] as const;
  const error = Math.max(...(await Promise.all(right.map(async found => model.error(found, await bias.data())))));
  accept('overhead of the perceptron', error);
  const times = await compareTimes(
    [
      async count => {
        for (let i = 0; i < count; i++) await loss(w).item();
      },
      async count => {
        for (let i = 0; i < count; i++) await recordedLoss().item();
      },
      async count => {
        for (let i = 0; i < count; i++) {
          // Asked for one element of one gradient, as for one loss above; the others are computed by then.
          await gradient(w)[3]!.get(0, 0).item();
        }
      },
    ],
    minimum,
  );
  const [plain, withTape, whole] = times.map(seconds => seconds * 1e6);
  const { forward, recorded: taped, gradient: both } = perceptronFigures;
  return { figures: { [forward]: plain!, [taped]: withTape!, [both]: whole! }, error };
}
