import { describe } from 'vitest';
import { onednnBackend } from '../src/index.js';
import { testProducts } from './gemm-cases.js';

describe('matrix products', () => testProducts(() => onednnBackend()));
