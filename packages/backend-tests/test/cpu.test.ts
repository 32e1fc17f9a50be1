import { cpuBackend } from '@knet/knetarray-cpu';
import { describe, it } from 'vitest';
import { conformance } from '../src/index.js';

conformance(() => cpuBackend(), { describe, it });
