import { describe, it } from 'vitest';
import { emulated } from '../../knetarray-cuda/test/emulated.js';
import { conformance } from '../src/index.js';
import { collectGarbage } from './garbage.js';

conformance(() => emulated(), { describe, it, collectGarbage });
