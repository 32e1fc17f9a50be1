/**
 * Products for WebGPU that runs on a processor. Four neighbouring threads are the lanes of its vectors there, arithmetic on them is
 * cheap, and every load costs as much as dozens of products, since each lane loads on its own. So each lane of a quad loads
 * some lines of both matrices that no other loads, and the lanes pass their lines of the right one around.
 */
import { multiplyAdd, type Product, type ProductCode, repeat, stepsPerBlock, tilePosition } from './product.js';

/** How much a thread does. */
export interface QuadTile {
  /** Lines of the left and of the right matrix that a thread loads. */
  readonly rows: number;
  readonly columns: number;
  /** Whether four threads exchange what they load; needs subgroup operations. Otherwise each works alone. */
  readonly quad: boolean;
  /** Steps of one turn of the loop, which has to fit into the instruction cache of a processor. */
  readonly unroll: 1 | 2 | 4;
  /** Whether the number of steps may be no multiple of that. */
  readonly ragged: boolean;
}

/** What passes the values of lane `lane ^ turn` to each lane. */
const exchanges = ['', 'quadSwapX', 'quadSwapY', 'quadSwapDiagonal'];

/** Code of a product in which a thread, or a quad of them, makes a tile. */
export function quadProduct(tile: QuadTile, product: Product): ProductCode {
  const { rows, columns, quad, unroll } = tile;
  const { type, left, right, first, end, store } = product;
  const turns = quad ? 4 : 1;
  const zero = type === 'f32' ? '0.0' : '0';
  const sums = rows * columns * turns;
  const value = (u: number, turn: number, j: number): string => (turn === 0 ? `y${u}_${j}` : `y${u}_${j}_${turn}`);
  const sumOf = (i: number, j: number, turn: number): number => (turn * columns + j) * rows + i;
  const sum = (i: number, j: number, turn: number): string => {
    let expression = `s${sumOf(i, j, turn)}`;
    for (let u = 0; u < unroll; u++) expression = multiplyAdd(type, `x${u}_${i}`, value(u, turn, j), expression);
    return `s${sumOf(i, j, turn)} = ${expression};`;
  };
  const body = `
  ${tilePosition(product, turns * rows, turns * columns)}
  let lane = ${quad ? 'member % 4u' : '0u'};
  ${repeat(rows, i => left.line(`min(tile_row + lane * ${rows}u + ${i}u, ${product.rows} - 1u)`, `p${i}`))}
  ${repeat(columns, j => right.line(`min(tile_column + lane * ${columns}u + ${j}u, ${product.columns} - 1u)`, `q${j}`))}
  var total: array<${type}, ${sums}>;
  for (var block = ${first}; block < ${end}; block += ${stepsPerBlock}u) {
    let stop = min(block + ${stepsPerBlock}u, ${end});
    ${repeat(sums, k => `var s${k} = ${zero};`)}
    for (var l = block; l < stop; l += ${unroll}u) {
      ${repeat(unroll, u => loads(tile, product, u, zero))}
      ${repeat(turns - 1, r => repeat(unroll, u => repeat(columns, j => `let ${value(u, r + 1, j)} = ${exchanges[r + 1]}(y${u}_${j});`)))}
      ${repeat(turns, turn => repeat(columns, j => repeat(rows, i => sum(i, j, turn))))}
    }
    ${repeat(sums, k => `total[${k}] += s${k};`)}
  }
  for (var c = 0u; c < ${turns * columns}u; c++) {
    let column = tile_column + ${quad ? `((c / ${columns}u) ^ lane) * ${columns}u + c % ${columns}u` : 'c'};
    if (column < ${product.columns}) {
      ${repeat(rows, i => `let row${i} = tile_row + lane * ${rows}u + ${i}u;\nif (row${i} < ${product.rows}) { ${store(`row${i}`, 'column', `total[c * ${rows}u + ${i}u]`)} }`)}
    }
  }`;
  return {
    threads: 4,
    shared: quad,
    builtins: quad ? ', @builtin(subgroup_invocation_id) member: u32' : '',
    tileRows: turns * rows,
    tileColumns: turns * columns,
    declarations: '',
    body,
  };
}

/** Statements that load the values of one step. */
function loads({ rows, columns, ragged }: QuadTile, { left, right, end }: Product, u: number, zero: string): string {
  // Only the first step of a turn is sure to be there; values of others may not stay, since 0 times infinity is no 0.
  const guarded = ragged && u > 0;
  const inside = `inside${u}`;
  const step = guarded ? `min(l + ${u}u, ${end} - 1u)` : `l + ${u}u`;
  const kept = (element: string): string => (guarded ? `select(${zero}, ${element}, ${inside})` : element);
  return `
      ${guarded ? `let ${inside} = l + ${u}u < ${end};` : ''}
      ${left.step(step, `t${u}`)}
      ${right.step(step, `w${u}`)}
      ${repeat(rows, i => `let x${u}_${i} = ${kept(left.element(`p${i}`, `t${u}`))};`)}
      ${repeat(columns, j => `let y${u}_${j} = ${kept(right.element(`q${j}`, `w${u}`))};`)}`;
}
