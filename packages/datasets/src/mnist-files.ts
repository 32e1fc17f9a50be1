import { parseIdx } from './idx.js';
import { type DataFile, gunzip, readDataFile, type SourceOptions } from './source.js';

/** Images in host memory, column-major: the first dimension runs along a row of pixels, from left to right. */
export interface HostImages {
  /** `[width, height, 1, images]`. */
  readonly shape: [width: number, height: number, channels: 1, images: number];
  /** Pixels from 0 (background) to 1. */
  readonly data: Float32Array;
}

/** MNIST in host memory. */
export interface MnistFiles {
  /** 60,000 training images. */
  readonly xtrn: HostImages;
  /** Their digits, 0 to 9. */
  readonly ytrn: Int32Array;
  /** 10,000 test images. */
  readonly xtst: HostImages;
  /** Their digits. */
  readonly ytst: Int32Array;
}

const trainImages: DataFile = {
  name: 'mnist/train-images-idx3-ubyte.gz',
  size: 9912422,
  sha256: '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609',
};
const trainLabels: DataFile = {
  name: 'mnist/train-labels-idx1-ubyte.gz',
  size: 28881,
  sha256: '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c',
};
const testImages: DataFile = {
  name: 'mnist/t10k-images-idx3-ubyte.gz',
  size: 1648877,
  sha256: '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6',
};
const testLabels: DataFile = {
  name: 'mnist/t10k-labels-idx1-ubyte.gz',
  size: 4542,
  sha256: 'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6',
};

/**
 * The handwritten digits of MNIST (Y. LeCun, C. Cortes, C. Burges) as typed arrays.
 *
 * The files store each image row by row. With the width as the first dimension of a column-major array these are the same bytes in the
 * same order: `data[x + 28 * (y + 28 * i)]` is the pixel in column x of row y of image i.
 *
 * @throws if a file cannot be read or is not the published one; never part of the set
 * @example const { xtrn, ytrn, xtst, ytst } = await mnistFiles();
 */
export async function mnistFiles(options: SourceOptions = {}): Promise<MnistFiles> {
  const [xtrn, ytrn] = await imagesAndLabels(trainImages, trainLabels, options);
  const [xtst, ytst] = await imagesAndLabels(testImages, testLabels, options);
  return { xtrn, ytrn, xtst, ytst };
}

async function imagesAndLabels(images: DataFile, labels: DataFile, options: SourceOptions): Promise<[HostImages, Int32Array]> {
  const read = async ({ name }: DataFile, bytes: Uint8Array) => gunzip(name, bytes);
  const [imageBytes, labelBytes] = await Promise.all([readDataFile(images, options), readDataFile(labels, options)]);
  const x = parseImages(await read(images, imageBytes), images.name);
  const y = parseLabels(await read(labels, labelBytes), labels.name);
  if (x.shape[3] !== y.length) throw new Error(`${labels.name}: expected ${x.shape[3]} labels, one for each image, found ${y.length}`);
  return [x, y];
}

/**
 * Images of an IDX file `[images, height, width]`, as `[width, height, 1, images]` with pixels in [0, 1].
 *
 * @param bytes the file, not compressed
 * @param name goes into the error's message
 * @throws if the file is malformed or has not three dimensions
 */
export function parseImages(bytes: Uint8Array, name: string): HostImages {
  const { sizes, data } = parseIdx(bytes, name);
  const [images = 0, height = 0, width = 0] = sizes;
  if (sizes.length !== 3) throw new Error(`${name}: expected sizes [images, height, width], found [${sizes.join(', ')}]`);
  const pixels = new Float32Array(data.length);
  for (let i = 0; i < pixels.length; i++) pixels[i] = data[i]! / 255;
  return { shape: [width, height, 1, images], data: pixels };
}

/**
 * Labels of an IDX file `[labels]`.
 *
 * @param bytes the file, not compressed
 * @param name goes into the error's message
 * @throws if the file is malformed, has not one dimension, or holds a label over 9
 */
export function parseLabels(bytes: Uint8Array, name: string): Int32Array {
  const { sizes, data } = parseIdx(bytes, name);
  if (sizes.length !== 1) throw new Error(`${name}: expected sizes [labels], found [${sizes.join(', ')}]`);
  const wrong = data.findIndex(label => label > 9);
  if (wrong >= 0) throw new Error(`${name}: expected digits 0 to 9, found ${data[wrong]} at label ${wrong}`);
  return Int32Array.from(data);
}
