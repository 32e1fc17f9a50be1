import { isHalf } from './core/dtype.js';
import { roundToHalf } from './core/half.js';
import { elementCount, type HostDType, type HostTensor } from './io/host-tensor.js';

/** Size of the screen that {@link formatArray} prints for. */
export interface FormatOptions {
  /** Lines of the whole text, header included; at least 5 are used where there is more to show. Default 24. */
  maxRows?: number;
  /** Characters of a line; the first and the last column are shown however wide they are. Default 80. */
  maxColumns?: number;
}

const typeNames = {
  bfloat16: 'BFloat16',
  float16: 'Float16',
  float32: 'Float32',
  float64: 'Float64',
  int32: 'Int32',
  uint8: 'UInt8',
  bool: 'Bool',
} as const;

/**
 * An array as Julia prints it: a header with the sizes and the type, then the rows with their columns aligned on the decimal point.
 *
 * Arrays of three and more dimensions come as blocks headed `[:, :, i, j] =`, indices from 0. What does not fit the screen is left out in
 * the middle: `⋮` for rows, `…` for columns, `⋱` for both, and a `⋮` between the first and the last blocks. Every number is shown with
 * the fewest digits that give the same number of its dtype when read back.
 *
 * @param array column-major, with its elements in host memory
 * @example
 * formatArray({ shape: [2, 3], dtype: 'float32', data: Float32Array.of(1, 2, 3, 4, 5, 6.5) });
 * // 2×3 KnetArray{Float32,2}:
 * //  1.0  3.0  5.0
 * //  2.0  4.0  6.5
 */
export function formatArray(array: HostTensor, { maxRows = 24, maxColumns = 80 }: FormatOptions = {}): string {
  const { shape, dtype } = array;
  const sizes = shape.length === 0 ? '0-dimensional' : shape.length === 1 ? `${shape[0]}-element` : shape.join('×');
  const header = `${sizes} KnetArray{${typeNames[dtype]},${shape.length}}`;
  if (elementCount(shape) === 0) return header;
  if (shape.length === 0) return `${header}:\n${formatNumber(array.data[0]!, dtype)}`;
  // The header takes a line. Under two rows and the dots between them an elided matrix would show nothing.
  const lines = Math.max(4, maxRows - 1);
  if (shape.length <= 2) return [`${header}:`, ...matrixLines(array, 0, lines, maxColumns)].join('\n');
  return [`${header}:`, blocks(array, lines, maxColumns)].join('\n');
}

/** The matrices of an array of three or more dimensions, the first and the last ones if they do not all fit. */
function blocks(array: HostTensor, lines: number, maxColumns: number): string {
  const [rows = 1, columns = 1, ...outer] = array.shape;
  const count = elementCount(outer);
  // A block is its heading, its rows and an empty line, which the last one lacks.
  const all = count * (rows + 2) - 1 <= lines;
  // With blocks left out there are two or more, and two lines between them for the dots.
  const height = Math.min(rows, all ? rows : Math.max(3, Math.floor((lines - (count > 2 ? 1 : -1)) / Math.min(count, 2)) - 2));
  const shown = all ? count : Math.min(count, Math.max(2, Math.floor((lines - 1) / (height + 2))));
  const one = (block: number) => {
    let rest = block;
    const index = outer.map(n => {
      const i = rest % n;
      rest = (rest - i) / n;
      return i;
    });
    return [`[:, :, ${index.join(', ')}] =`, ...matrixLines(array, block * rows * columns, height, maxColumns)].join('\n');
  };
  const { first, last, gap } = middleOut(count, shown);
  return [...first.map(one), ...(gap ? ['⋮'] : []), ...last.map(one)].join('\n\n');
}

/** The rows of the matrix (or of the column vector) that starts at `offset`. */
function matrixLines({ shape, data, dtype }: HostTensor, offset: number, maxLines: number, maxColumns: number): string[] {
  const [rows = 1, columns = 1] = shape;
  const visible = middleOut(rows, rows <= maxLines ? rows : maxLines - 1);
  const indices = [...visible.first, ...visible.last];
  const dotsAfter = visible.gap ? visible.first.length : -1;

  /** The cells of one column, padded to one width. */
  const column = (c: number): string[] => {
    const texts = indices.map(r => splitAtPoint(formatNumber(data[offset + r + rows * c]!, dtype)));
    const before = Math.max(...texts.map(([left]) => left.length));
    const after = Math.max(...texts.map(([, right]) => right.length));
    const cells = texts.map(([left, right]) => left.padStart(before) + right.padEnd(after));
    if (visible.gap) cells.splice(dotsAfter, 0, '⋮'.padStart(before).padEnd(before + after));
    return cells;
  };

  const left: string[][] = [];
  const right: string[][] = [];
  let width = 1;
  const add = (side: string[][], cells: string[]) => {
    side.push(cells);
    width += cells[0]!.length + 2;
  };
  // A line is a space and its cells with two spaces between; the dots of left-out columns take one cell of their own.
  for (let c = 0; c < columns && width - 2 <= maxColumns; c++) add(left, column(c));
  if (left.length < columns || width - 2 > maxColumns) {
    const made = left.splice(0);
    width = 1 + 3;
    let from = 0;
    let to = columns;
    while (from < to) {
      const takeLeft = left.length <= right.length;
      const cells = takeLeft ? (made[from] ?? column(from)) : column(to - 1);
      if (left.length > 0 && right.length > 0 && width + cells[0]!.length > maxColumns) break;
      add(takeLeft ? left : right, cells);
      if (takeLeft) from++;
      else to--;
    }
    if (from < to) left.push(indices.map(() => '…'));
    if (from < to && visible.gap) left.at(-1)!.splice(dotsAfter, 0, '⋱');
  }
  const cells = [...left, ...right.reverse()];
  return cells[0]!.map((_, line) => ` ${cells.map(c => c[line]).join('  ')}`.trimEnd());
}

/** The first and last of `count` indices when only `shown` can be shown. */
function middleOut(count: number, shown: number) {
  const head = shown >= count ? count : Math.ceil(shown / 2);
  const tail = shown >= count ? 0 : Math.floor(shown / 2);
  return {
    first: Array.from({ length: head }, (_, i) => i),
    last: Array.from({ length: tail }, (_, i) => count - tail + i),
    gap: head + tail < count,
  };
}

/** What stands before the decimal point, and the rest with the point. */
function splitAtPoint(text: string): [string, string] {
  const at = text.indexOf('.');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at)];
}

/**
 * One number as Julia writes it: floats always with a point (`1.0`), with an exponent below 1e-4 and from 1e6 on (`1.0e6`); `Inf`,
 * `-Inf`, `NaN`; `true` and `false` for bool.
 *
 * @example formatNumber(Math.fround(0.1), 'float32') // '0.1'
 */
export function formatNumber(x: number, dtype: HostDType): string {
  if (dtype === 'bool') return x ? 'true' : 'false';
  if (dtype === 'int32' || dtype === 'uint8') return String(x);
  if (!Number.isFinite(x)) return Number.isNaN(x) ? 'NaN' : x > 0 ? 'Inf' : '-Inf';
  const sign = x < 0 || Object.is(x, -0) ? '-' : '';
  const [mantissa = '', power = ''] = shortest(Math.abs(x), dtype).split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(power);
  if (exponent >= 6 || exponent < -4) return `${sign}${digits[0]}.${digits.slice(1) || '0'}e${exponent}`;
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const padded = digits.padEnd(exponent + 1, '0');
  return `${sign}${padded.slice(0, exponent + 1)}.${padded.slice(exponent + 1) || '0'}`;
}

/** Scientific notation with the fewest digits that read back as the same number of the dtype. */
function shortest(x: number, dtype: HostDType): string {
  if (dtype === 'float64') return x.toExponential();
  for (let digits = 0; digits < 8; digits++) {
    const text = x.toExponential(digits);
    const read = Number(text);
    if ((isHalf(dtype) ? roundToHalf(read, dtype) : Math.fround(read)) === x) return text;
  }
  return x.toExponential();
}
