/**
 * The native CPU backend of KnetArray, for Node: vectorised C++ kernels and oneDNN.
 *
 * @packageDocumentation
 */
export { OnednnBackend, type OnednnOptions, onednnBackend } from './onednn-backend.js';
