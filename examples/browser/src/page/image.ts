/** A drawing as the models of digits know them. */

/** Pixels along a side of an image of MNIST. */
export const side = 28;

/** The part of it that the longer side of a digit fills; what is left is margin. */
const inner = 20;

/** A rectangle of pixels, its end excluded, with the centre of mass of what is in it. */
interface Extent {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly centre: readonly [x: number, y: number];
}

/**
 * Scales and moves a drawing as the images of MNIST were: the longer side fills 20 of 28 pixels, and the centre of mass is in the middle
 * (http://yann.lecun.com/exdb/mnist/).
 *
 * @param ink - `width * width` numbers from 0 (paper) to 1 (ink), row by row
 * @returns 28 * 28 numbers, row by row, or undefined when nothing is drawn
 */
export function digitImage(ink: ArrayLike<number>, width: number): Float32Array | undefined {
  const extent = extentOf(ink, width);
  if (extent === undefined) return undefined;
  // Pixels of the drawing for each pixel of the image.
  const size = Math.max(extent.right - extent.left, extent.bottom - extent.top) / inner;
  const image = new Float32Array(side * side);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const x = extent.centre[0] + (column - side / 2) * size;
      const y = extent.centre[1] + (row - side / 2) * size;
      image[row * side + column] = meanOf(ink, width, x, y, size);
    }
  }
  return image;
}

function extentOf(ink: ArrayLike<number>, width: number): Extent | undefined {
  let [left, top, right, bottom] = [width, width, 0, 0];
  let [mass, sumX, sumY] = [0, 0, 0];
  for (let y = 0; y < width; y++) {
    for (let x = 0; x < width; x++) {
      const value = ink[y * width + x]!;
      if (value === 0) continue;
      left = Math.min(left, x);
      right = Math.max(right, x + 1);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y + 1);
      mass += value;
      sumX += value * (x + 0.5);
      sumY += value * (y + 0.5);
    }
  }
  return mass === 0 ? undefined : { left, top, right, bottom, centre: [sumX / mass, sumY / mass] };
}

/** Mean over a square with its corner at (x, y); outside of the drawing there is no ink. */
function meanOf(ink: ArrayLike<number>, width: number, x: number, y: number, size: number): number {
  const [x0, y0] = [Math.round(x), Math.round(y)];
  const [x1, y1] = [Math.max(x0 + 1, Math.round(x + size)), Math.max(y0 + 1, Math.round(y + size))];
  let sum = 0;
  for (let row = Math.max(y0, 0); row < Math.min(y1, width); row++) {
    for (let column = Math.max(x0, 0); column < Math.min(x1, width); column++) sum += ink[row * width + column]!;
  }
  return sum / ((x1 - x0) * (y1 - y0));
}
