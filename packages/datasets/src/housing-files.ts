import { type DataFile, readDataFile, type SourceOptions } from './source.js';

/** Rows of numbers in host memory, column-major: `data[attribute + attributes * instance]`. */
export interface HostMatrix {
  /** `[attributes, instances]`. */
  readonly shape: [attributes: number, instances: number];
  readonly data: Float64Array;
}

/** A regression set: attributes x of each instance, and its target y. */
export interface HousingFiles {
  /** `[13, 506]`, each attribute with mean 0 and standard deviation 1. */
  readonly x: HostMatrix;
  /** `[1, 506]`, in 1000 dollars. */
  readonly y: HostMatrix;
}

const housingData: DataFile = {
  name: 'housing/housing.data',
  size: 49082,
  sha256: 'baadf72995725d76efe787b664e1f083388c79ba21ef9a7990d87f774184735a',
};

/** Attributes of a line; the target follows them. */
const ATTRIBUTES = 13;

/**
 * Boston house prices (Harrison and Rubinfeld 1978) as typed arrays, the attributes normalised.
 *
 * @throws if the file cannot be read or is not the published one
 * @example const { x, y } = await housingFiles();
 */
export async function housingFiles(options: SourceOptions = {}): Promise<HousingFiles> {
  const bytes = await readDataFile(housingData, options);
  const { x, y } = parseHousing(new TextDecoder().decode(bytes), housingData.name);
  return { x: normalize(x), y };
}

/**
 * Reads lines of 14 blank-separated numbers: 13 attributes and the target, not normalised.
 *
 * @param name goes into the error's message
 * @throws if a line has not 14 numbers; the message names the line
 */
export function parseHousing(text: string, name: string): HousingFiles {
  const lines = text.split(/\r?\n/);
  while (lines.length > 0 && lines[lines.length - 1]!.trim() === '') lines.pop();
  if (lines.length === 0) throw new Error(`${name}: expected lines of ${ATTRIBUTES + 1} numbers, found none`);
  const x = new Float64Array(ATTRIBUTES * lines.length);
  const y = new Float64Array(lines.length);
  lines.forEach((line, i) => {
    const words = line.trim().split(/\s+/);
    const numbers = words.map(Number);
    const wrong = numbers.findIndex(value => !Number.isFinite(value));
    if (wrong >= 0 && line.trim() !== '')
      throw new Error(`${name}: line ${i + 1}: expected numbers, found ${JSON.stringify(words[wrong])}`);
    if (words.length !== ATTRIBUTES + 1)
      throw new Error(`${name}: line ${i + 1}: expected ${ATTRIBUTES + 1} numbers, found ${line.trim() === '' ? 0 : words.length}`);
    x.set(numbers.slice(0, ATTRIBUTES), ATTRIBUTES * i);
    y[i] = numbers[ATTRIBUTES]!;
  });
  return { x: { shape: [ATTRIBUTES, lines.length], data: x }, y: { shape: [1, lines.length], data: y } };
}

/**
 * Each row less its mean and divided by its standard deviation (with n - 1).
 *
 * @throws if a row is constant or there is one instance only: no standard deviation to divide by
 */
export function normalize({ shape, data }: HostMatrix): HostMatrix {
  const [rows, n] = shape;
  const out = new Float64Array(data.length);
  for (let r = 0; r < rows; r++) {
    let mean = 0;
    for (let i = 0; i < n; i++) mean += data[r + rows * i]! / n;
    let squares = 0;
    for (let i = 0; i < n; i++) squares += (data[r + rows * i]! - mean) ** 2;
    const deviation = Math.sqrt(squares / (n - 1));
    if (!(deviation > 0))
      throw new RangeError(`normalize: row ${r} of [${rows}, ${n}] has no standard deviation to divide by: ${deviation}`);
    for (let i = 0; i < n; i++) out[r + rows * i] = (data[r + rows * i]! - mean) / deviation;
  }
  return { shape, data: out };
}
