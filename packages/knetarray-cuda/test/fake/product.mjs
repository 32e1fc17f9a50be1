// Opens the addon, multiplies two matrices of 40 x 40 ones, also on a second thread when asked to, and writes what came of it as JSON.
import { createRequire } from 'node:module';
import { isMainThread, Worker } from 'node:worker_threads';

const native = createRequire(import.meta.url)(process.env.KNET_CUDA_ADDON);
const words = native.open(0, message => new Error(message));
const n = 40;
const [a, c] = [native.allocate(4 * n * n), native.allocate(4 * n * n)];
native.write(a, new Float32Array(n * n).fill(1));
words.set([0, n, n, n, 1, 0, a, 1, n, a, 1, n, c, 1, n, 0]);
let result;
try {
  native.matmul();
  result = new Float32Array(native.read(c, 4))[0];
} catch (error) {
  result = error.message;
}
if (isMainThread) {
  console.log(JSON.stringify({ blas: native.deviceInfo().blas, result }));
  if (process.argv[2] === 'two threads') new Worker(new URL(import.meta.url));
}
