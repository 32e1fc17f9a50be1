/**
 * How native backends hand kernel calls to their addons.
 *
 * @packageDocumentation
 */
export { Command, codeOf } from './command.js';
export { NativeBackend } from './native-backend.js';
export type { NativeKernels } from './native-kernels.js';
export { Programs } from './programs.js';
export { checkRank } from './rank.js';
