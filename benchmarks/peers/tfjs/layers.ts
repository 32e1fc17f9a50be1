import * as tf from '@tensorflow/tfjs-core';

/**
 * Layers whose derivatives are fast, or exist at all, on the WebAssembly backend of TensorFlow.js. There a matrix product with a
 * transposed operand is some ten times slower than the same product after `tf.transpose`, but the derivative rule of
 * `tf.matMul` asks for just that; convolution has no derivative for its filter; and the derivative of max pooling is slow. So
 * these layers bring their own rules through `tf.customGrad`, as a careful user would. The variant `wasm-plain` does without, to show
 * the difference, and so does the JavaScript backend, which lacks nothing.
 */

/** One differentiable function: `backward` gets what `saved` named and returns one gradient per input. */
function custom<T extends tf.Tensor>(
  inputs: tf.Tensor[],
  forward: () => T,
  saved: (y: T) => tf.Tensor[],
  backward: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[],
): T {
  return tf.customGrad<T>((...args) => {
    const save = args[args.length - 1];
    if (typeof save !== 'function') throw new Error('tfjs: customGrad passed no save function');
    const value = forward();
    save(saved(value));
    return { value, gradFunc: backward };
  })(...inputs);
}

const swap = (x: tf.Tensor): tf.Tensor => tf.transpose(x, [1, 0]);

/** Options of `dense` and `conv`. */
export interface LayerOptions {
  /** Apply relu to the result. */
  relu?: boolean;
  /** The input is data: no gradient flows into it. */
  first?: boolean;
}

/** The layers of one variant. */
export interface Layers {
  /** `x·w + b`, with or without relu. */
  dense(x: tf.Tensor2D, w: tf.Tensor2D, b: tf.Tensor1D, options?: LayerOptions): tf.Tensor2D;
  /** `x·w`, where `x` is data. */
  project(x: tf.Tensor2D, w: tf.Tensor2D): tf.Tensor2D;
  /** Rows of `table` by number. */
  lookup(table: tf.Tensor2D, ids: tf.Tensor1D): tf.Tensor2D;
  /** Valid cross-correlation with an HWIO filter, bias added, with or without relu. */
  conv(x: tf.Tensor4D, w: tf.Tensor4D, b: tf.Tensor1D, options?: LayerOptions): tf.Tensor4D;
  /** Maxima of 2x2 windows. */
  pool(x: tf.Tensor4D): tf.Tensor4D;
}

const plain: Layers = {
  dense(x, w, b, { relu = false } = {}) {
    const y = tf.fused.matMul({ a: x, b: w, bias: b }) as tf.Tensor2D;
    return relu ? tf.relu(y) : y;
  },
  project: (x, w) => tf.matMul(x, w),
  lookup: (table, ids) => tf.gather(table, ids),
  conv(x, w, b, { relu = false } = {}) {
    const y = tf.add<tf.Tensor4D>(tf.conv2d(x, w, 1, 'valid'), b);
    return relu ? tf.relu(y) : y;
  },
  pool: x => tf.maxPool(x, 2, 2, 'valid'),
};

const tuned: Layers = {
  dense(x, w, b, { relu = false, first = false } = {}) {
    return custom<tf.Tensor2D>(
      first ? [w, b] : [w, b, x],
      () => tf.fused.matMul({ a: x, b: w, bias: b, activation: relu ? 'relu' : 'linear' }) as tf.Tensor2D,
      y => [x, w, y],
      (dy, [x, w, y]) => {
        const dz = relu ? tf.mul(dy, tf.step(y!)) : dy;
        const gradients = [tf.matMul(swap(x!), dz), tf.sum(dz, 0)];
        return first ? gradients : [...gradients, tf.matMul(dz, swap(w!))];
      },
    );
  },
  project: (x, w) =>
    custom(
      [w],
      () => tf.matMul<tf.Tensor2D>(x, w),
      () => [x],
      (dy, [x]) => [tf.matMul(swap(x!), dy)],
    ),
  // The derivative of gather needs UnsortedSegmentSum, which this backend lacks.
  lookup: (table, ids) => tuned.project(tf.oneHot(ids, table.shape[0]) as tf.Tensor2D, table),
  conv(x, w, b, { relu = false, first = false } = {}) {
    const [height, width] = w.shape;
    return custom<tf.Tensor4D>(
      first ? [w, b] : [w, b, x],
      () => tf.fused.conv2d({ x, filter: w, bias: b, strides: 1, pad: 'valid', activation: relu ? 'relu' : 'linear' }) as tf.Tensor4D,
      y => [x, w, y],
      (dy, [x, w, y]) => {
        const dz = (relu ? tf.mul(dy, tf.step(y!)) : dy) as tf.Tensor4D;
        // The filter's gradient is itself a convolution: channels take the place of instances, instances that of channels.
        const swapped = tf.conv2d(tf.transpose(x as tf.Tensor4D, [3, 1, 2, 0]), tf.transpose(dz, [1, 2, 0, 3]), 1, 'valid');
        const gradients = [tf.transpose(swapped, [1, 2, 0, 3]), tf.sum(tf.reshape(dz, [-1, dz.shape[3]]), 0)];
        if (first) return gradients;
        const flipped = tf.transpose(tf.reverse(w as tf.Tensor4D, [0, 1]), [0, 1, 3, 2]);
        const [vertical, horizontal] = [height - 1, width - 1];
        const around: [[number, number], [number, number], [number, number], [number, number]] = [
          [0, 0],
          [vertical, vertical],
          [horizontal, horizontal],
          [0, 0],
        ];
        return [...gradients, tf.conv2d(dz, flipped, 1, around)];
      },
    );
  },
  pool: x =>
    custom<tf.Tensor4D>(
      [x],
      () => tf.maxPool(x, 2, 2, 'valid'),
      y => [x, y],
      (dy, [x, y]) => {
        const size: [number, number] = [x!.shape[1]!, x!.shape[2]!];
        // 0 where x is its window's maximum, 1 elsewhere; after relu ties happen only at 0, where no gradient passes.
        const below = tf.step(tf.sub(tf.image.resizeNearestNeighbor(y as tf.Tensor4D, size), x!));
        return [tf.mul(tf.image.resizeNearestNeighbor(dy as tf.Tensor4D, size), tf.sub(1, below))];
      },
    ),
};

/** Attributes of the kernels of a valid convolution. */
const valid = { strides: 1, pad: 'valid', dataFormat: 'NHWC' } as const;

/** The gradients of a convolution are kernels, which the library has no functions for. */
const kernel = (name: string, inputs: tf.NamedTensorMap, attributes: tf.NamedAttrMap): tf.Tensor =>
  tf.engine().runKernel(name, inputs, { ...valid, ...attributes });

/**
 * WebGPU has every derivative and multiplies transposed operands directly. These rules leave out the gradient of the data, which
 * the derivatives of fused products and convolutions always compute, and keep the bias in the convolution.
 */
const onGpu: Layers = {
  ...plain,
  dense(x, w, b, { relu = false, first = false } = {}) {
    return custom<tf.Tensor2D>(
      first ? [w, b] : [w, b, x],
      () => plain.dense(x, w, b, { relu }),
      y => [x, w, y],
      (dy, [x, w, y]) => {
        const dz = relu ? tf.mul(dy, tf.step(y!)) : dy;
        const gradients = [tf.matMul(x!, dz, true, false), tf.sum(dz, 0)];
        return first ? gradients : [...gradients, tf.matMul(dz, w!, false, true)];
      },
    );
  },
  conv(x, w, b, { relu = false, first = false } = {}) {
    return custom<tf.Tensor4D>(
      first ? [w, b] : [w, b, x],
      () => {
        const y = tf.fused.conv2d({ x, filter: w, bias: b, strides: 1, pad: 'valid' }) as tf.Tensor4D;
        return relu ? tf.relu(y) : y;
      },
      y => [x, w, y],
      (dy, [x, w, y]) => {
        const dz = relu ? tf.mul(dy, tf.step(y!)) : dy;
        const filter = kernel(tf.Conv2DBackpropFilter, { x: x!, dy: dz }, { filterShape: w!.shape });
        const gradients = [filter, tf.sum(dz, [0, 1, 2])];
        return first ? gradients : [...gradients, kernel(tf.Conv2DBackpropInput, { dy: dz, filter: w! }, { inputShape: x!.shape })];
      },
    );
  },
};

/** Convolution as a user would first write it without a filter derivative: slices, concat, matMul. */
const unrolled: Layers = {
  ...plain,
  lookup: (table, ids) => tf.matMul(tf.oneHot(ids, table.shape[0]) as tf.Tensor2D, table),
  conv(x, w, b, options) {
    const [height, width, input, output] = w.shape;
    const [rows, columns] = [x.shape[1] - height + 1, x.shape[2] - width + 1];
    const patches: tf.Tensor4D[] = [];
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < width; j++) patches.push(tf.slice(x, [0, i, j, 0], [x.shape[0], rows, columns, input]));
    }
    const matrix = tf.reshape<tf.Rank.R2>(tf.concat(patches, 3), [-1, height * width * input]);
    const y = plain.dense(matrix, tf.reshape<tf.Rank.R2>(w, [-1, output]), b, options);
    return tf.reshape(y, [x.shape[0], rows, columns, output]);
  },
};

/** The JavaScript backend has every derivative, but its convolutions take four times as long as the unrolled ones. */
const onCpu: Layers = { ...plain, conv: unrolled.conv };

/** The layers of each variant. */
const layers: Readonly<Record<string, Layers>> = { wasm: tuned, 'wasm-plain': unrolled, cpu: onCpu, webgpu: onGpu };

/** The layers for `wasm`, `wasm-plain`, `cpu` or `webgpu`. */
export function layersOf(variant: string): Layers {
  const found = layers[variant];
  if (found === undefined) throw new Error(`tfjs: no layers for the variant "${variant}"`);
  return found;
}
