/** Products for GPUs whose result is small or thin: the steps of a sum are divided among threads of a workgroup, which merge their sums. */
import { multiplyAdd, type Product, type ProductCode, repeat, tilePosition } from './product.js';

/** Threads of a workgroup, and how many of them divide the steps of a sum. */
const threads = 256;
const sharers = 16;

/** Form of the tile of a workgroup: 16 groups of threads make four elements each. */
export type ThinTile = 'row' | 'column' | 'square';

interface Form {
  /** Groups of threads along the rows and columns, and the elements of each. */
  readonly down: number;
  readonly across: number;
  readonly rows: number;
  readonly columns: number;
}

const forms: Readonly<Record<ThinTile, Form>> = {
  row: { down: 1, across: 16, rows: 4, columns: 1 },
  column: { down: 16, across: 1, rows: 1, columns: 4 },
  square: { down: 4, across: 4, rows: 2, columns: 2 },
};

/**
 * Code of a product in which each workgroup makes a small tile.
 *
 * @param alongSteps - WGSL condition: neighbouring threads take neighbouring steps, rather than neighbouring lines
 */
export function thinProduct(tile: ThinTile, alongSteps: string, product: Product): ProductCode {
  const { down, across, rows, columns } = forms[tile];
  const { type, left, right, first, end, store } = product;
  const groups = threads / sharers;
  const sums = rows * columns;
  const tileRows = down * rows;
  const tileColumns = across * columns;
  const body = `
  ${tilePosition(product, tileRows, tileColumns)}
  let sharer = select(thread / ${groups}u, thread % ${sharers}u, ${alongSteps});
  let member = select(thread % ${groups}u, thread / ${sharers}u, ${alongSteps});
  ${repeat(rows, i => left.line(`min(tile_row + member % ${down}u + ${i * down}u, ${product.rows} - 1u)`, `p${i}`))}
  ${repeat(columns, j => right.line(`min(tile_column + member / ${down}u + ${j * across}u, ${product.columns} - 1u)`, `q${j}`))}
  ${repeat(sums, k => `var s${k} = ${type}();`)}
  for (var l = ${first} + sharer; l < ${end}; l += ${sharers}u) {
    ${left.step('l', 't')}
    ${right.step('l', 'w')}
    ${repeat(rows, i => `let x${i} = ${left.element(`p${i}`, 't')};`)}
    ${repeat(columns, j => `let y${j} = ${right.element(`q${j}`, 'w')};`)}
    ${repeat(rows, i => repeat(columns, j => `s${j * rows + i} = ${multiplyAdd(type, `x${i}`, `y${j}`, `s${j * rows + i}`)};`))}
  }
  ${repeat(sums, k => `parts[${k * threads}u + sharer * ${groups}u + member] = s${k};`)}
  workgroupBarrier();
  if (thread < ${groups * sums}u) {
    let owner = thread % ${groups}u;
    let k = thread / ${groups}u;
    var total = ${type}();
    for (var other = 0u; other < ${sharers}u; other++) { total += parts[k * ${threads}u + other * ${groups}u + owner]; }
    let row = tile_row + owner % ${down}u + k % ${rows}u * ${down}u;
    let column = tile_column + owner / ${down}u + k / ${rows}u * ${across}u;
    if (row < ${product.rows} && column < ${product.columns}) { ${store('row', 'column', 'total')} }
  }`;
  return {
    threads,
    shared: true,
    builtins: '',
    tileRows,
    tileColumns,
    declarations: `var<workgroup> parts: array<${type}, ${threads * sums}>;`,
    body,
  };
}
