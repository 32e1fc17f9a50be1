import { afterAll } from 'vitest';
import { onednnBackend } from '../src/index.js';
import { testGeometries, testThreads } from './convolution-cases.js';

const { threads } = onednnBackend();
afterAll(() => {
  onednnBackend({ threads });
});

testGeometries();
testThreads();
