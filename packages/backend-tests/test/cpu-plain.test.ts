import { cpuBackend } from '@knet/knetarray-cpu';
import { describe, it } from 'vitest';
import { conformance } from '../src/index.js';
import { collectGarbage } from './garbage.js';

conformance(() => cpuBackend({ wasm: false, name: 'cpu without WebAssembly' }), { describe, it, collectGarbage });
