// Exports of the module that works element by element: fused programs and pooling. Every address is in bytes.
export { run } from './program';
