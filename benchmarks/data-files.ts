/** Files of the data sets that the workloads read, below the folder of `@knet/datasets`. */
export const mnistImages = 'mnist/train-images-idx3-ubyte.gz';
export const mnistLabels = 'mnist/train-labels-idx1-ubyte.gz';
export const housingTable = 'housing/housing.data';

/** All of them. */
export const dataFiles: readonly string[] = [mnistImages, mnistLabels, housingTable];
