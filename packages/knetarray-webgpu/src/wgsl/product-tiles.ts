/**
 * Products for GPUs: a workgroup makes a square tile of the result. Some steps of the lines that it needs are brought to its memory,
 * from where each thread takes vectors of lines. The four lines of a vector are apart, so that what neighbouring threads read from
 * matrices and write to the result lies side by side whichever way it is stored.
 */
import { multiplyAdd, type Product, type ProductCode, repeat, stepsPerBlock, tilePosition } from './product.js';

/** Steps that are in workgroup memory at a time. */
const depth = 16;

/** Division of the work. */
export interface TileSize {
  /** Vectors of four lines along each side of the tile: 16 make a tile of 64 by 64. */
  readonly vectors: 8 | 16;
  /** Vectors of rows that a thread multiplies by one vector of columns. */
  readonly perThread: 1 | 2;
}

/** How lines are brought to workgroup memory: neighbouring threads read neighbouring steps of a line, or neighbouring lines. */
export interface TileAccess {
  /** WGSL conditions, the same for all threads. */
  readonly leftAlongSteps: string;
  readonly rightAlongSteps: string;
}

/** Code of a product in which each workgroup makes a tile. */
export function tiledProduct({ vectors, perThread }: TileSize, access: TileAccess, product: Product): ProductCode {
  const { type, rows, columns, left, right, first, end, store } = product;
  const across = vectors / perThread;
  const threads = across * vectors;
  const lines = 4 * vectors;
  // One vector more than there are, so that steps begin in different banks of the memory.
  const pitch = vectors + 1;
  const perLoad = (depth * vectors) / threads;
  const vector = `vec4<${type}>`;
  const sides = [
    { name: 'left', code: left, count: rows, origin: 'tile_row', alongSteps: access.leftAlongSteps },
    { name: 'right', code: right, count: columns, origin: 'tile_column', alongSteps: access.rightAlongSteps },
  ];
  // Each thread brings `perLoad` vectors of each side, always the same ones of each lot of steps.
  const prepare = sides.map(({ name, code, count, origin, alongSteps }) =>
    repeat(
      perLoad,
      q => `
  let ${name}_step${q} = select((thread + ${q * threads}u) / ${vectors}u, thread % ${depth}u, ${alongSteps});
  let ${name}_vector${q} = select(thread % ${vectors}u, (thread + ${q * threads}u) / ${depth}u, ${alongSteps});
  ${repeat(4, c => code.line(`min(${origin} + ${name}_vector${q} + ${c * vectors}u, ${count} - 1u)`, `${name}${q}_${c}`))}`,
    ),
  );
  const bring = sides.map(({ name, code }) =>
    repeat(
      perLoad,
      q => `
      {
        let l = lot + ${name}_step${q};
        ${code.step('min(l, stop - 1u)', 'at')}
        let loaded = ${vector}(${[0, 1, 2, 3].map(c => code.element(`${name}${q}_${c}`, 'at')).join(', ')});
        ${name}_tile[${name}_step${q} * ${pitch}u + ${name}_vector${q}] = select(${vector}(), loaded, l < stop);
      }`,
    ),
  );
  const sum = (p: number, j: number): string => `s${p}_${j} = ${multiplyAdd(type, `x${p}`, `${vector}(y.${'xyzw'[j]})`, `s${p}_${j}`)};`;
  const sums = (code: (name: string) => string): string => repeat(perThread, p => repeat(4, j => code(`${p}_${j}`)));
  const body = `
  ${tilePosition(product, lines, lines)}
  let down = thread % ${across}u;
  let right_vector = thread / ${across}u;
  ${prepare.join('\n')}
  ${sums(k => `var total${k} = ${vector}();`)}
  for (var block = ${first}; block < ${end}; block += ${stepsPerBlock}u) {
    let stop = min(block + ${stepsPerBlock}u, ${end});
    ${sums(k => `var s${k} = ${vector}();`)}
    for (var lot = block; lot < stop; lot += ${depth}u) {
      workgroupBarrier();
      ${bring.join('\n')}
      workgroupBarrier();
      for (var k = 0u; k < ${depth}u; k++) {
        ${repeat(perThread, p => `let x${p} = left_tile[k * ${pitch}u + down + ${p * across}u];`)}
        let y = right_tile[k * ${pitch}u + right_vector];
        ${repeat(perThread, p => repeat(4, j => sum(p, j)))}
      }
    }
    ${sums(k => `total${k} += s${k};`)}
  }
  ${repeat(perThread, p => repeat(4, c => `let row${p}_${c} = tile_row + down + ${p * across + c * vectors}u;`))}
  ${repeat(
    4,
    j => `
  let column${j} = tile_column + right_vector + ${j * vectors}u;
  if (column${j} < ${columns}) {
    ${repeat(perThread, p => repeat(4, c => `if (row${p}_${c} < ${rows}) { ${store(`row${p}_${c}`, `column${j}`, `total${p}_${j}.${'xyzw'[c]}`)} }`))}
  }`,
  )}`;
  return {
    threads,
    shared: true,
    builtins: '',
    tileRows: lines,
    tileColumns: lines,
    declarations: `
var<workgroup> left_tile: array<${vector}, ${depth * pitch}>;
var<workgroup> right_tile: array<${vector}, ${depth * pitch}>;`,
    body,
  };
}
