// Exports of the module that works element by element: fused programs, pooling and sums. Every address is in bytes.
export { maxPool2 } from './pool';
export { run } from './program';
export { sumColumns, sumRuns } from './sum';
