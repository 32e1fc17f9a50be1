/**
 * Data sets with checksums, minibatches and one-hot labels.
 *
 * @packageDocumentation
 */
export { type CharlmBatches, type CharlmOptions, charlmBatches } from './charlm.js';
export { type Housing, housing } from './housing.js';
export { type HostMatrix, type HousingFiles, housingFiles, normalize, parseHousing } from './housing-files.js';
export { type IdxContent, parseIdx } from './idx.js';
export { type Batch, type HostData, type Instances, type Minibatches, type MinibatchOptions, minibatch } from './minibatch.js';
export { type Mnist, mnist } from './mnist.js';
export { type HostImages, type MnistFiles, mnistFiles, parseImages, parseLabels } from './mnist-files.js';
export { onehot } from './onehot.js';
export type { SourceOptions } from './source.js';
export { type TextName, text } from './text.js';
