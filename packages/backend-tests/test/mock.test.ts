import { cpuBackend } from '@knet/knetarray-cpu';
import { describe, it } from 'vitest';
import { conformance, mockDevice } from '../src/index.js';
import { collectGarbage } from './garbage.js';

conformance(() => mockDevice(cpuBackend()), { describe, it, collectGarbage });
