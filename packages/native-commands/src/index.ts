/**
 * How native backends hand kernel calls to their addons.
 *
 * @packageDocumentation
 */
export { Command, codeOf } from './command.js';
export { convolution, lastStaysLast, missingLast, type SpatialOrder } from './convolution.js';
export { NativeBackend } from './native-backend.js';
export type { NativeKernels } from './native-kernels.js';
export { Programs } from './programs.js';
export { checkRank } from './rank.js';
