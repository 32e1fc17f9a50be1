import { emulated } from '../../knetarray-cuda/test/emulated.js';
import { repeatingTests, trainingTests } from './training-on-gpu.js';

const backend = emulated();
trainingTests(backend);
repeatingTests(backend);
