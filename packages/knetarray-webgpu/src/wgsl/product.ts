/**
 * Products of matrices as WGSL. What multiplies is separate from what is multiplied: a kernel gives the code of the elements of its
 * two matrices and of what becomes of each sum, so that matrices that lie nowhere (the windows of a convolution) work, too.
 */
import type { DType } from '@knet/knetarray';
import type { Operand } from '../shader.js';
import { load, type Register } from './elements.js';

/**
 * One of the matrices: the rows of the left one, or the columns of the right one, are its lines; the elements of a line are
 * multiplied step by step. Names are chosen by the caller, and each is declared once in a block.
 */
export interface Lines {
  /** Statements that prepare line `index` (a u32 expression, never beyond the last line) under a name. */
  line(index: string, name: string): string;
  /** Statements that prepare step `index` for all lines under a name. */
  step(index: string, name: string): string;
  /** The element of a prepared line at a prepared step. */
  element(line: string, step: string): string;
}

/** What is to be multiplied. All expressions are u32, and the same in all threads of a workgroup. */
export interface Product {
  /** Type of the elements and of their sums. */
  readonly type: Register;
  /** Number of lines of the left and of the right matrix. */
  readonly rows: string;
  readonly columns: string;
  /** The steps: from `first` up to, but not including, `end`. */
  readonly first: string;
  readonly end: string;
  readonly left: Lines;
  readonly right: Lines;
  /** Statements that take the sum at a row and a column. */
  store(row: string, column: string, sum: string): string;
}

/** Code of a product: threads work on tiles of the result. */
export interface ProductCode {
  /** Threads of a workgroup. */
  readonly threads: number;
  /** Whether a tile is made by all threads of a workgroup, or by one alone. */
  readonly shared: boolean;
  /** Builtins that the main function takes beside those of all. */
  readonly builtins: string;
  /** Rows and columns of a tile. */
  readonly tileRows: number;
  readonly tileColumns: number;
  /** What belongs outside functions. */
  readonly declarations: string;
  /** Statements that compute the tile `tile` (a u32 variable, down the rows first) in the thread `thread` of its workgroup. */
  readonly body: string;
}

/** Steps whose products are added up before the sum goes to the total: so rounding errors do not grow with the number of steps. */
export const stepsPerBlock = 256;

/**
 * The main function of a shader that multiplies, one tile for each number below `total`: first all tiles of one product, then those
 * of the next one.
 *
 * @param sizes - statements that declare the rows and columns
 * @param setup - statements that declare all else, from the number `part` of the product
 */
export function productMain(code: ProductCode, { rows, columns }: Product, total: string, sizes: string, setup: string): string {
  const { threads, shared, builtins, tileRows, tileColumns, declarations, body } = code;
  const group = 'group.y * groups.x + group.x';
  return `
${declarations}
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) thread: u32${builtins}) {
  let number = ${shared ? group : `(${group}) * ${threads}u + thread`};
  if (number >= ${total}) { return; }
  ${sizes}
  let tiles = ((${rows} + ${tileRows - 1}u) / ${tileRows}u) * ((${columns} + ${tileColumns - 1}u) / ${tileColumns}u);
  let tile = number % tiles;
  let part = number / tiles;
  ${setup}
  ${body}
}`;
}

/** The lines of a strided matrix; arguments are u32 expressions, whose wrapping makes negative strides right. */
export function stridedLines(operand: Operand, dtype: DType, start: string, lineStride: string, stepStride: string): Lines {
  return {
    line: (index, name) => `let ${name} = ${start} + (${index}) * ${lineStride};`,
    step: (index, name) => `let ${name} = (${index}) * ${stepStride};`,
    element: (line, step) => load(operand, dtype, `${line} + ${step}`),
  };
}

/** Statements that find the first row and column of tile `tile`. */
export function tilePosition({ rows }: Product, tileRows: number, tileColumns: number): string {
  return `let tiles_down = (${rows} + ${tileRows - 1}u) / ${tileRows}u;
  let tile_row = (tile % tiles_down) * ${tileRows}u;
  let tile_column = (tile / tiles_down) * ${tileColumns}u;`;
}

/** Expression of x y + z; of vectors, too. */
export function multiplyAdd(type: Register, x: string, y: string, z: string): string {
  return type === 'f32' ? `fma(${x}, ${y}, ${z})` : `${z} + ${x} * ${y}`;
}

/** Joins the code of 0, 1, .. n - 1. */
export function repeat(n: number, code: (i: number) => string): string {
  return Array.from({ length: n }, (_, i) => code(i)).join('\n');
}
