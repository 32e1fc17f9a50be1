// Exports of the module that multiplies: matrix products and convolutions. Every address and stride is in bytes.
export { convolve, convolveFilter, convolveInput, packTaps } from './convolution';
export { gemm } from './gemm';
export { gemvColumns, gemvRows } from './gemv';
export { clear, movePlanes } from './image';
export { packColumns } from './pack';
