import { cudaBackend } from '@knet/knetarray-cuda';
import { describe, it } from 'vitest';
import { conformance } from '../src/index.js';
import { collectGarbage } from './garbage.js';

conformance(() => cudaBackend(), { describe, it, collectGarbage });
