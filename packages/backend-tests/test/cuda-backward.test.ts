import { describe, it } from 'vitest';
import { emulated } from '../../knetarray-cuda/test/emulated.js';
import { conformance } from '../src/index.js';
import { collectGarbage } from './garbage.js';

// A kernel that lacks a barrier computes something else when its threads take turns in another order.
process.env.KNET_CUDA_EMULATION_ORDER = 'backward';
conformance(() => emulated(), { describe, it, collectGarbage });
