/**
 * Knet: deep learning with plain TypeScript functions. Everything of autograd, knetarray, nn-ops and optim, and what a program
 * needs around them: devices, files, training loops, progress.
 *
 * @packageDocumentation
 */
export * from '@knet/knetarray';
export * from '@knet/nn-ops';
export * from '@knet/optim';
export { type ConvergeOptions, converge, convergeAsync, cycle } from './converge.js';
export { type DeviceName, device, skippedDevices } from './device.js';
export {
  adadelta,
  adagrad,
  adam,
  adamw,
  type Loss,
  type Minimizer,
  minimize,
  momentum,
  nesterov,
  type OptimizerChoice,
  rmsprop,
  type Steps,
  sgd,
} from './minimize.js';
export { type ProgressOptions, progress } from './progress.js';
export { type LoadOptions, load, loadBytes, save, saveBytes } from './save.js';
