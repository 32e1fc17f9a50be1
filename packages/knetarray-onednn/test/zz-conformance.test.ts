import { conformance } from '@knet/backend-tests';
import { describe, it } from 'vitest';
import { onednnBackend } from '../src/index.js';
conformance(() => onednnBackend(), { describe, it });
