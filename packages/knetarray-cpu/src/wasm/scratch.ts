const PAGE = 65536;

/** First byte that kernels may use; address 0 stays free so that no operand has a null address. */
export const BASE = 64;

/** Bytes of scratch that a kernel asks for at most when it can work in pieces. */
export const LIMIT = 64 * 2 ** 20;

/**
 * The linear memory of the module, used as scratch: every kernel lays its operands out from `BASE` on, so that nothing outlives a call.
 */
export class Scratch<E extends { readonly memory: WebAssembly.Memory }> {
  f32: Float32Array<ArrayBuffer>;
  i32: Int32Array<ArrayBuffer>;
  /** Byte strides of the last matrix that `place` copied. */
  row = 0;
  column = 0;

  constructor(readonly exports: E) {
    this.f32 = new Float32Array(exports.memory.buffer);
    this.i32 = new Int32Array(exports.memory.buffer);
  }

  /** Makes addresses up to `end` usable, with room behind it for vector loads that run over the last element. */
  reserve(end: number): void {
    const missing = end + 64 - this.f32.byteLength;
    if (missing <= 0) return;
    const { memory } = this.exports;
    memory.grow(Math.ceil(missing / PAGE));
    this.f32 = new Float32Array(memory.buffer);
    this.i32 = new Int32Array(memory.buffer);
  }

  /** Copies `count` adjacent elements of an array to an address. */
  copyIn(address: number, from: Float32Array, offset: number, count: number): void {
    const at = address >> 2;
    const to = this.f32;
    if (count > 48) to.set(offset === 0 && count === from.length ? from : from.subarray(offset, offset + count), at);
    else for (let i = 0; i < count; i++) to[at + i] = from[offset + i]!;
  }

  /** Copies `count` adjacent elements at an address into an array. */
  copyOut(address: number, to: Float32Array, offset: number, count: number): void {
    const at = address >> 2;
    const from = this.f32;
    if (count > 48) to.set(from.subarray(at, at + count), offset);
    else for (let i = 0; i < count; i++) to[offset + i] = from[at + i]!;
  }

  /**
   * Copies a matrix with any strides (in elements) so that it is dense, keeping its orientation, and sets `row` and `column` to its byte
   * strides there. One of the two is 4.
   */
  place(address: number, from: Float32Array, offset: number, rows: number, columns: number, row: number, column: number): void {
    if (row === 1 || rows === 1) {
      if (rows === 1 && column === 1) this.copyIn(address, from, offset, columns);
      else this.placeLines(address, from, offset, rows, columns, column);
      this.row = 4;
      this.column = 4 * rows;
    } else if (column === 1 || columns === 1) {
      if (columns === 1) this.gather(address, from, offset, rows, 1, row, 0);
      else this.placeLines(address, from, offset, columns, rows, row);
      this.row = 4 * columns;
      this.column = 4;
    } else {
      this.gather(address, from, offset, rows, columns, row, column);
      this.row = 4;
      this.column = 4 * rows;
    }
  }

  private placeLines(address: number, from: Float32Array, offset: number, length: number, lines: number, stride: number): void {
    if (stride === length || lines === 1) {
      this.copyIn(address, from, offset, length * lines);
    } else if (length <= 48) {
      this.gather(address, from, offset, length, lines, 1, stride);
    } else {
      for (let j = 0; j < lines; j++) this.copyIn(address + 4 * j * length, from, offset + j * stride, length);
    }
  }

  private gather(address: number, from: Float32Array, offset: number, rows: number, columns: number, row: number, column: number): void {
    const to = this.f32;
    let at = address >> 2;
    for (let j = 0; j < columns; j++) {
      for (let i = 0, p = offset + j * column; i < rows; i++, p += row) to[at++] = from[p]!;
    }
  }
}

/** Rounds a byte count up to whole cache lines. */
export function align(bytes: number): number {
  return (bytes + 63) & ~63;
}
