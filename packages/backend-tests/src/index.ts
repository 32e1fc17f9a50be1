/**
 * The conformance suite that every KnetArray backend passes, and a strict asynchronous device to develop against.
 *
 * @packageDocumentation
 */
export { gradientCases } from './checks/gradient-cases.js';
export { collectSupport } from './collect.js';
export { conformance } from './conformance.js';
export type { GradientCase } from './gradient-case.js';
export { MockBackend, type MockOptions, mockDevice } from './mock-backend.js';
export type { ConformanceOptions, Runner } from './suite.js';
export { type SupportEntry, SupportReport } from './support.js';
