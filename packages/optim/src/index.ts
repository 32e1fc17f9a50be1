/**
 * Optimizers for numbers, arrays and structures of them: one fused program per array and step, on any backend.
 *
 * @packageDocumentation
 */
export { Adam, type AdamOptions, AdamW, type AdamWOptions } from './adam.js';
export { Adadelta, Adagrad, type AdagradOptions, Rmsprop, type RmspropOptions } from './adaptive.js';
export { clipGlobalNorm } from './clip.js';
export { Optimizer, type OptimizerOptions, type OptimizerState, type Step } from './optimizer.js';
export { type OptimizerTypes, restoreOptimizer } from './restore.js';
export {
  constant,
  cosine,
  exponentialDecay,
  type Schedule,
  type ScheduleDefinition,
  type ScheduleName,
  type StoredSchedule,
  scheduleFrom,
  stepDecay,
  warmup,
} from './schedule.js';
export { Momentum, type MomentumOptions, Nesterov, Sgd } from './sgd.js';
export { type Gradients, type Like, type Optimizers, optimizers, type SgdOptions } from './trees.js';
export { update } from './update.js';
