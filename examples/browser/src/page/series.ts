/** Points of a curve, never more than can be told apart. */

/** Points at which neighbours are put together; an even number. */
const most = 400;

/** A point: x, y. */
export type Point = readonly [x: number, y: number];

/** Collects points from left to right. Where there come to be many, each stands for several: their mean. */
export class Series {
  #points: Point[] = [];
  /** How many were added for each point. */
  #share = 1;
  /** The newest, still too few for a point; they are shown as one all the same, or the curve would end before its last step. */
  #waiting: Point[] = [];

  get points(): readonly Point[] {
    return this.#waiting.length === 0 ? this.#points : [...this.#points, mean(this.#waiting)];
  }

  get last(): Point | undefined {
    return this.#waiting.length === 0 ? this.#points[this.#points.length - 1] : mean(this.#waiting);
  }

  add(x: number, y: number): void {
    this.#waiting.push([x, y]);
    if (this.#waiting.length < this.#share) return;
    this.#points.push(mean(this.#waiting));
    this.#waiting = [];
    if (this.#points.length < most) return;
    this.#points = Array.from({ length: most / 2 }, (_, i) => mean(this.#points.slice(2 * i, 2 * i + 2)));
    this.#share *= 2;
  }

  /** Forgets what lies behind x. */
  cutAfter(x: number): void {
    this.#points = this.#points.filter(point => point[0] <= x);
    this.#waiting = this.#waiting.filter(point => point[0] <= x);
  }

  clear(): void {
    this.#points = [];
    this.#waiting = [];
    this.#share = 1;
  }
}

/** The right end of points, with the mean of their heights. */
function mean(points: readonly Point[]): Point {
  const last = points[points.length - 1]!;
  return [last[0], points.reduce((sum, [, y]) => sum + y, 0) / points.length];
}
