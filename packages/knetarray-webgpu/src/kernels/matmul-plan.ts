/** Which code multiplies matrices of which sizes, and how the work is divided. */
import type { Product, ProductCode } from '../wgsl/product.js';
import { type QuadTile, quadProduct } from '../wgsl/product-quads.js';
import { type ThinTile, thinProduct } from '../wgsl/product-thin.js';
import { type TileAccess, type TileSize, tiledProduct } from '../wgsl/product-tiles.js';

/** Sizes of `batch` products of `[m, k]` and `[k, n]`. */
export interface ProductSizes {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly batch: number;
}

/** How a product is computed. */
export interface ProductPlan {
  /** Tells apart what needs different code. */
  readonly key: string;
  readonly code: (product: Product, access: TileAccess) => ProductCode;
  /** WGSL extensions that the code enables. */
  readonly extensions: readonly string[];
  /** Tiles of all results, and how many a workgroup makes. */
  readonly tiles: number;
  readonly perWorkgroup: number;
  /** Parts of k whose sums are added up by a second dispatch; 1 when there is none. */
  readonly slices: number;
  /** Length of a part: a multiple of 16, but for the last one. */
  readonly sliceLength: number;
}

/** What the choice depends on beside the sizes. */
export interface ProductDevice {
  readonly software: boolean;
  readonly subgroups: boolean;
}

/** The plan for these sizes. */
export function planProduct(device: ProductDevice, sizes: ProductSizes): ProductPlan {
  return device.software ? softwarePlan(device, sizes) : gpuPlan(sizes);
}

function tilesOf({ m, n, batch }: ProductSizes, rows: number, columns: number): number {
  return Math.ceil(m / rows) * Math.ceil(n / columns) * batch;
}

/** Divides k so that there are about `wanted` tiles, but not in parts that are too short to be worth one. */
function sliced(k: number, tiles: number, wanted: number, shortest: number): Pick<ProductPlan, 'slices' | 'sliceLength'> {
  const slices = Math.max(1, Math.min(Math.ceil(wanted / tiles), Math.floor(k / shortest)));
  const sliceLength = Math.max(16, Math.ceil(k / slices / 16) * 16);
  return { slices: Math.max(1, Math.ceil(k / sliceLength)), sliceLength };
}

function gpuPlan(sizes: ProductSizes): ProductPlan {
  const { m, n, k } = sizes;
  const tiled = (size: TileSize): ProductPlan => {
    const tiles = tilesOf(sizes, 4 * size.vectors, 4 * size.vectors);
    const code: ProductPlan['code'] = (product, access) => tiledProduct(size, access, product);
    return { key: `tiles${size.vectors}`, code, extensions: [], tiles, perWorkgroup: 1, ...sliced(k, tiles, 256, 512) };
  };
  const thin = (tile: ThinTile, rows: number, columns: number): ProductPlan => {
    const tiles = tilesOf(sizes, rows, columns);
    const code: ProductPlan['code'] = (product, { leftAlongSteps, rightAlongSteps }) => {
      // The larger matrix decides, since most reads are its.
      const along = tile === 'row' ? rightAlongSteps : tile === 'column' ? leftAlongSteps : `(${leftAlongSteps} || ${rightAlongSteps})`;
      return thinProduct(tile, along, product);
    };
    return { key: tile, code, extensions: [], tiles, perWorkgroup: 1, ...sliced(k, tiles, 128, 1024) };
  };
  if (m <= 4) return thin('row', 4, 16);
  if (n <= 4) return thin('column', 16, 4);
  if (tilesOf(sizes, 64, 64) >= 64) return tiled({ vectors: 16, perThread: 2 });
  // Few tiles leave most of a GPU idle; dividing each sum among threads occupies it, until a division in slices does.
  if (k >= 64 && k < 2048 && tilesOf(sizes, 32, 32) < 32) return thin('square', 8, 8);
  return tiled({ vectors: 8, perThread: 1 });
}

/** Lines that a thread may load from each side, in a quad and on its own. */
const quadLines = [4, 3, 2, 1];
const singleLines = [8, 4, 2, 1];

interface SoftwareTile {
  readonly rows: number;
  readonly columns: number;
  readonly quad: boolean;
}

/**
 * Machine instructions that one of two cores has to execute, about, by the code that SwiftShader makes: 110 for a load, 12 to
 * multiply and add, 130 to store.
 */
function instructions({ rows, columns, quad }: SoftwareTile, sizes: ProductSizes): number {
  const side = quad ? 4 : 1;
  const sums = rows * columns * side;
  const step = 110 * (rows + columns) + 12 * sums + 100;
  const tiles = tilesOf(sizes, side * rows, side * columns);
  // Four threads are one stream of instructions.
  const streams = quad ? tiles : Math.ceil(tiles / 4);
  return Math.ceil(streams / 2) * (step * sizes.k + 130 * sums + 60 * side * columns + 3000);
}

/** Steps of a turn of the loop, as many as fit into 32 KiB of machine code: beyond that it runs at half the speed. */
function unrollOf({ rows, columns, quad }: SoftwareTile): QuadTile['unroll'] {
  const sums = rows * columns * (quad ? 4 : 1);
  const bytes = (steps: number): number => steps * (1000 * (rows + columns) + 27 * sums) + 95 * sums;
  return bytes(4) < 30_000 ? 4 : bytes(2) < 30_000 ? 2 : 1;
}

function softwarePlan({ subgroups }: ProductDevice, sizes: ProductSizes): ProductPlan {
  let tile: SoftwareTile = { rows: 1, columns: 1, quad: false };
  let best = Number.POSITIVE_INFINITY;
  for (const quad of subgroups ? [true, false] : [false]) {
    const lines = quad ? quadLines : singleLines;
    for (const rows of lines) {
      for (const columns of lines) {
        const cost = instructions({ rows, columns, quad }, sizes);
        // What is hardly better is not worth a shader of its own.
        if (cost < 0.95 * best) {
          best = cost;
          tile = { rows, columns, quad };
        }
      }
    }
  }
  const { rows, columns, quad } = tile;
  const unroll = unrollOf(tile);
  const ragged = sizes.k % unroll !== 0;
  const tiles = tilesOf(sizes, (quad ? 4 : 1) * rows, (quad ? 4 : 1) * columns);
  const perWorkgroup = quad ? 1 : 4;
  // A processor has few cores to occupy, and a second dispatch costs as much as a small product.
  const division = sliced(sizes.k, tiles, 4 * perWorkgroup, 1024);
  const key = `${quad ? 'quads' : 'singles'} ${rows} ${columns}${ragged ? ' ragged' : ''}`;
  const code: ProductPlan['code'] = product => quadProduct({ ...tile, unroll, ragged }, product);
  return { key, code, extensions: quad ? ['subgroups'] : [], tiles, perWorkgroup, ...division };
}
