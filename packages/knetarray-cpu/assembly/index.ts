// What the WebAssembly module exports. Every address and stride is in bytes.
export { gemm } from './gemm';
export { gemvColumns, gemvRows } from './gemv';
