import { mnistImages, mnistLabels } from '../../data-files.js';
import { dataPath } from '../../files.js';

/** Paths of MNIST's training set, for the scripts. */
export const mnistFiles = { images: dataPath(mnistImages), labels: dataPath(mnistLabels) } as const;
