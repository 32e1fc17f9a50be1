import { onednnBackend } from '@knet/knetarray-onednn';
import { describe, it } from 'vitest';
import { conformance } from '../src/index.js';
import { collectGarbage } from './garbage.js';

conformance(() => onednnBackend(), { describe, it, collectGarbage });
