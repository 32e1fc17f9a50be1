// Exports of the module that works element by element: fused programs and pooling. Every address is in bytes.
export { maxPool2 } from './pool';
export { run } from './program';
