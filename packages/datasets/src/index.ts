export { type CharlmBatches, type CharlmOptions, charlmBatches } from './charlm.js';
export { type HostMatrix, type HousingFiles, housingFiles, normalize, parseHousing } from './housing-files.js';
export { type IdxContent, parseIdx } from './idx.js';
export { type HostImages, type MnistFiles, mnistFiles, parseImages, parseLabels } from './mnist-files.js';
export type { SourceOptions } from './source.js';
export { type TextName, text } from './text.js';
