/** Opens the GPU of a number, or that of the default, twice; prints what it is or why it cannot be used. */
import { cudaBackend } from '@knet/knetarray-cuda';

const attempt = (): unknown => {
  try {
    const [number] = process.argv.slice(2).map(Number);
    return cudaBackend(number === undefined ? {} : { device: number }).info;
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
};
console.log(JSON.stringify([attempt(), attempt()]));
