import { emulated } from '../../knetarray-cuda/test/emulated.js';
import { trainingTests } from './training-on-gpu.js';

trainingTests(emulated());
