import { defineConfig } from 'tsup';
import { base } from '../../tsup.base.js';

// The packages that contain it bundle its sources; what they publish of its types has to be one file.
export default defineConfig({ ...base, dts: { only: true } });
