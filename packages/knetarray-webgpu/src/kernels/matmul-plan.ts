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

/** Divides k so that there are about `wanted` workgroups, in parts that are worth one. */
function sliced(k: number, workgroups: number, wanted: number, shortest: number): Pick<ProductPlan, 'slices' | 'sliceLength'> {
  const slices = Math.max(1, Math.min(Math.ceil(wanted / workgroups), Math.floor(k / shortest)));
  const sliceLength = Math.max(16, Math.ceil(k / slices / 16) * 16);
  return { slices: Math.max(1, Math.ceil(k / sliceLength)), sliceLength };
}

function gpuPlan(sizes: ProductSizes): ProductPlan {
  const { m, n, k } = sizes;
  const tiled = (size: TileSize): ProductPlan => {
    const tiles = tilesOf(sizes, 4 * size.vectors, 4 * size.vectors);
    const code: ProductPlan['code'] = (product, access) => tiledProduct(size, access, product);
    return { key: `tiles${size.vectors}`, code, tiles, perWorkgroup: 1, ...sliced(k, tiles, 256, 512) };
  };
  const thin = (tile: ThinTile, rows: number, columns: number): ProductPlan => {
    const tiles = tilesOf(sizes, rows, columns);
    const code: ProductPlan['code'] = (product, { leftAlongSteps, rightAlongSteps }) => {
      // The larger matrix decides, since most reads are its.
      const along = tile === 'row' ? rightAlongSteps : tile === 'column' ? leftAlongSteps : `(${leftAlongSteps} || ${rightAlongSteps})`;
      return thinProduct(tile, along, product);
    };
    return { key: tile, code, tiles, perWorkgroup: 1, ...sliced(k, tiles, 128, 1024) };
  };
  if (m <= 4) return thin('row', 4, 16);
  if (n <= 4) return thin('column', 16, 4);
  if (tilesOf(sizes, 64, 64) >= 64) return tiled({ vectors: 16, perThread: 2 });
  // Few tiles leave most of a GPU idle; dividing each sum among threads occupies it, until a division in slices does.
  if (k >= 64 && k < 2048 && tilesOf(sizes, 32, 32) < 32) return thin('square', 8, 8);
  return tiled({ vectors: 8, perThread: 1 });
}

/** Lines that a thread may load from each side. */
const quadLines = [4, 3, 2, 1];
const singleLines = [8, 4, 2, 1];

function softwarePlan({ subgroups }: ProductDevice, sizes: ProductSizes): ProductPlan {
  const { k } = sizes;
  const side = subgroups ? 4 : 1;
  let tile = { rows: 1, columns: 1 };
  let best = Number.POSITIVE_INFINITY;
  for (const rows of subgroups ? quadLines : singleLines) {
    for (const columns of subgroups ? quadLines : singleLines) {
      // Machine instructions of a step, by the code that SwiftShader makes: 110 for a load, 12 for a product, 100 for the rest.
      const step = 110 * (rows + columns) + 12 * rows * columns * side + 100;
      const cost = step * tilesOf(sizes, side * rows, side * columns);
      // Sizes that are hardly better are not worth a shader of their own.
      if (cost < 0.95 * best) {
        best = cost;
        tile = { rows, columns };
      }
    }
  }
  const unroll = tile.rows + tile.columns <= 5 ? 4 : tile.rows + tile.columns <= 8 ? 2 : 1;
  const quad: QuadTile = { ...tile, quad: subgroups, unroll, ragged: k % unroll !== 0 };
  const tiles = tilesOf(sizes, side * tile.rows, side * tile.columns);
  const perWorkgroup = subgroups ? 1 : 4;
  const key = `quads ${tile.rows} ${tile.columns} ${quad.quad} ${quad.ragged}`;
  // A processor has few cores to occupy, and a second dispatch costs as much as a small product.
  const division = sliced(k, Math.ceil(tiles / perWorkgroup), 4, 1024);
  return { key, code: product => quadProduct(quad, product), tiles, perWorkgroup, ...division };
}
