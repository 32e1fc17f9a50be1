import { cpuBackend } from '@knet/knetarray-cpu';
import { describe, it } from 'vitest';
import { conformance } from '../src/index.js';
import { collectGarbage } from './garbage.js';

conformance(() => cpuBackend(), { describe, it, collectGarbage });
