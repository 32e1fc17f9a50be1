// `npx tsx scripts/support.ts`: runs the conformance suite on every backend - WebGPU and CUDA on the processor - and writes docs/support.md.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { collectSupport, mockDevice, SupportReport } from '@knet/backend-tests';
import { cpuBackend } from '@knet/knetarray-cpu';
import { onednnBackend } from '@knet/knetarray-onednn';
import { emulated } from '../packages/knetarray-cuda/test/emulated.js';
import { testBackend } from '../packages/knetarray-webgpu/test/gpu.js';

const report = new SupportReport();
await collectSupport(() => cpuBackend(), { name: 'cpu', report });
await collectSupport(() => cpuBackend({ wasm: false, name: 'plain' }), { name: 'cpu without WebAssembly', report });
await collectSupport(() => onednnBackend(), { name: 'onednn', report });
const gpu = await testBackend();
await collectSupport(() => gpu, { name: 'webgpu', report });
await collectSupport(() => emulated(), { name: 'cuda (emulation)', report });
await collectSupport(() => mockDevice(cpuBackend()), { name: 'mock (asynchronous)', report });

gpu.destroy();

const file = fileURLToPath(new URL('../docs/support.md', import.meta.url));
writeFileSync(file, report.markdown());
const failed = report.entries().filter(entry => entry.status === 'fail');
for (const entry of failed) console.error(`${entry.backend}: ${entry.function} ${entry.dtype}: ${entry.reason}`);
console.log(`${report.entries().length} outcomes, ${failed.length} failures: ${file}`);
process.exitCode = failed.length > 0 ? 1 : 0;
