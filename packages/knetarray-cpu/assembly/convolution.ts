// Convolution and its gradients as matrix products whose large operand is never written out: element (position, tap) of it lies at
// image + position + tap. A position stands for 4 neighbouring outputs of one row: { image offset, y offset, valid lanes }, 12 bytes.
// Positions come with full vectors first; their number is made even by a last one with no valid lane. A tap is the byte offset that
// one filter element adds. Addresses, offsets and strides are in bytes; one call does `instances` images.

import { laneMask, multiplyAdd, storeLanes, sumLanes } from './vector';

const POSITION: usize = 12;
// Positions per block: their part of the image stays in L1 while all filters pass over it.
const BLOCK: i32 = 32;

// @ts-ignore: decorator
@inline
function storePair(y: usize, p: usize, low: v128, high: v128, alpha: v128): void {
  storeLanes(y + i32.load(p, 4), f32x4.mul(low, alpha), i32.load(p, 8));
  storeLanes(y + i32.load(p, 16), f32x4.mul(high, alpha), i32.load(p, 20));
}

/** Two positions by 4 filters: y = alpha * sum over taps of image * filter. */
function forwardTile(p: usize, taps: usize, k: i32, panel: usize, filters: i32, alpha: f32, image: usize, y: usize, yPlane: usize): void {
  let l0 = f32x4.splat(0), h0 = l0, l1 = l0, h1 = l0, l2 = l0, h2 = l0, l3 = l0, h3 = l0;
  const low = image + i32.load(p), high = image + i32.load(p, 12);
  for (; k > 0; k--) {
    const tap = i32.load(taps);
    const u = v128.load(low + tap), v = v128.load(high + tap);
    let s = v128.load32_splat(panel);
    l0 = multiplyAdd(u, s, l0);
    h0 = multiplyAdd(v, s, h0);
    s = v128.load32_splat(panel, 4);
    l1 = multiplyAdd(u, s, l1);
    h1 = multiplyAdd(v, s, h1);
    s = v128.load32_splat(panel, 8);
    l2 = multiplyAdd(u, s, l2);
    h2 = multiplyAdd(v, s, h2);
    s = v128.load32_splat(panel, 12);
    l3 = multiplyAdd(u, s, l3);
    h3 = multiplyAdd(v, s, h3);
    taps += 4;
    panel += 16;
  }
  const scale = f32x4.splat(alpha);
  storePair(y, p, l0, h0, scale);
  if (filters > 1) storePair(y + yPlane, p, l1, h1, scale);
  if (filters > 2) storePair(y + 2 * yPlane, p, l2, h2, scale);
  if (filters > 3) storePair(y + 3 * yPlane, p, l3, h3, scale);
}

/** y from images; `panels` holds the filters in panels of 4, each with all its taps. */
export function convolve(
  positions: usize, count: i32, taps: usize, k: i32, panels: usize, filters: i32, alpha: f32,
  image: usize, imageStep: usize, y: usize, yPlane: usize, yStep: usize, instances: i32,
): void {
  for (; instances > 0; instances--) {
    for (let start: i32 = 0; start < count; start += BLOCK) {
      const first = positions + POSITION * start;
      const last = positions + POSITION * min(count, start + BLOCK);
      let panel = panels, plane = y;
      for (let f = filters; f > 0; f -= 4) {
        for (let p = first; p < last; p += 2 * POSITION) forwardTile(p, taps, k, panel, f, alpha, image, plane, yPlane);
        panel += 16 * k;
        plane += 4 * yPlane;
      }
    }
    image += imageStep;
    y += yStep;
  }
}

// @ts-ignore: decorator
@inline
function addTo(address: usize, v: v128): void {
  v128.store(address, f32x4.add(v128.load(address), v));
}

/** Two positions by 4 taps: image += alpha * sum over filters of dy * filter. */
function inputTile(p: usize, taps: usize, k: i32, panel: usize, filters: i32, alpha: f32, image: usize, dy: usize, yPlane: usize): void {
  let l0 = f32x4.splat(0), h0 = l0, l1 = l0, h1 = l0, l2 = l0, h2 = l0, l3 = l0, h3 = l0;
  let from = dy + i32.load(p, 4);
  const apart = i32.load(p, 16) - i32.load(p, 4);
  for (; filters > 0; filters--) {
    const u = v128.load(from), v = v128.load(from + apart);
    let s = v128.load32_splat(panel);
    l0 = multiplyAdd(u, s, l0);
    h0 = multiplyAdd(v, s, h0);
    s = v128.load32_splat(panel, 4);
    l1 = multiplyAdd(u, s, l1);
    h1 = multiplyAdd(v, s, h1);
    s = v128.load32_splat(panel, 8);
    l2 = multiplyAdd(u, s, l2);
    h2 = multiplyAdd(v, s, h2);
    s = v128.load32_splat(panel, 12);
    l3 = multiplyAdd(u, s, l3);
    h3 = multiplyAdd(v, s, h3);
    from += yPlane;
    panel += 16;
  }
  const low = image + i32.load(p), high = image + i32.load(p, 12);
  const lowMask = laneMask(i32.load(p, 8)), highMask = laneMask(i32.load(p, 20));
  const scale = f32x4.splat(alpha);
  let tap = i32.load(taps);
  addTo(low + tap, v128.and(f32x4.mul(l0, scale), lowMask));
  addTo(high + tap, v128.and(f32x4.mul(h0, scale), highMask));
  if (k > 1) {
    tap = i32.load(taps, 4);
    addTo(low + tap, v128.and(f32x4.mul(l1, scale), lowMask));
    addTo(high + tap, v128.and(f32x4.mul(h1, scale), highMask));
  }
  if (k > 2) {
    tap = i32.load(taps, 8);
    addTo(low + tap, v128.and(f32x4.mul(l2, scale), lowMask));
    addTo(high + tap, v128.and(f32x4.mul(h2, scale), highMask));
  }
  if (k > 3) {
    tap = i32.load(taps, 12);
    addTo(low + tap, v128.and(f32x4.mul(l3, scale), lowMask));
    addTo(high + tap, v128.and(f32x4.mul(h3, scale), highMask));
  }
}

/** Adds the gradient with respect to x to the images; `panels` holds the taps in panels of 4, each with all its filters. */
export function convolveInput(
  positions: usize, count: i32, taps: usize, k: i32, panels: usize, filters: i32, alpha: f32,
  image: usize, imageStep: usize, dy: usize, yPlane: usize, yStep: usize, instances: i32,
): void {
  for (; instances > 0; instances--) {
    for (let start: i32 = 0; start < count; start += BLOCK) {
      const first = positions + POSITION * start;
      const last = positions + POSITION * min(count, start + BLOCK);
      let panel = panels, tap = taps;
      for (let q = k; q > 0; q -= 4) {
        for (let p = first; p < last; p += 2 * POSITION) inputTile(p, tap, q, panel, filters, alpha, image, dy, yPlane);
        panel += 16 * filters;
        tap += 16;
      }
    }
    image += imageStep;
    dy += yStep;
  }
}

/** Panels for `convolveInput`: 4 taps in the given order (element indices into a filter), then the next filter, and so on. */
export function packTaps(to: usize, w: usize, order: usize, k: i32, filters: i32): void {
  const step = 4 * k;
  for (; k > 0; k -= 4) {
    const f0 = w + 4 * i32.load(order);
    const f1 = k > 1 ? w + 4 * i32.load(order, 4) : f0;
    const f2 = k > 2 ? w + 4 * i32.load(order, 8) : f0;
    const f3 = k > 3 ? w + 4 * i32.load(order, 12) : f0;
    let at: usize = 0;
    for (let f = filters; f > 0; f--) {
      f32.store(to, f32.load(f0 + at));
      f32.store(to, f32.load(f1 + at), 4);
      f32.store(to, f32.load(f2 + at), 8);
      f32.store(to, f32.load(f3 + at), 12);
      at += step;
      to += 16;
    }
    order += 16;
  }
}

/** 4 taps by 2 filters: dw += alpha * sum over positions of image * dy, lanes summed at the end. */
function filterTile(
  positions: usize, full: i32, count: i32, taps: usize, k: i32, dw: usize, filter: usize, filters: i32, alpha: f32,
  image: usize, imageStep: usize, dy: usize, yPlane: usize, yStep: usize, instances: i32,
): void {
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
  const second = filters > 1 ? yPlane : 0;
  const t0 = i32.load(taps);
  const t1 = k > 1 ? i32.load(taps, 4) : t0;
  const t2 = k > 2 ? i32.load(taps, 8) : t0;
  const t3 = k > 3 ? i32.load(taps, 12) : t0;
  for (; instances > 0; instances--) {
    const x0 = image + t0, x1 = image + t1, x2 = image + t2, x3 = image + t3;
    let p = positions;
    for (let end = positions + POSITION * full; p < end; p += POSITION) {
      const at = i32.load(p);
      const out = dy + i32.load(p, 4);
      const u = v128.load(out), v = v128.load(out + second);
      let x = v128.load(x0 + at);
      a0 = multiplyAdd(x, u, a0);
      b0 = multiplyAdd(x, v, b0);
      x = v128.load(x1 + at);
      a1 = multiplyAdd(x, u, a1);
      b1 = multiplyAdd(x, v, b1);
      x = v128.load(x2 + at);
      a2 = multiplyAdd(x, u, a2);
      b2 = multiplyAdd(x, v, b2);
      x = v128.load(x3 + at);
      a3 = multiplyAdd(x, u, a3);
      b3 = multiplyAdd(x, v, b3);
    }
    for (let end = positions + POSITION * count; p < end; p += POSITION) {
      const mask = laneMask(i32.load(p, 8));
      const at = i32.load(p);
      const out = dy + i32.load(p, 4);
      const u = v128.and(v128.load(out), mask), v = v128.and(v128.load(out + second), mask);
      let x = v128.and(v128.load(x0 + at), mask);
      a0 = multiplyAdd(x, u, a0);
      b0 = multiplyAdd(x, v, b0);
      x = v128.and(v128.load(x1 + at), mask);
      a1 = multiplyAdd(x, u, a1);
      b1 = multiplyAdd(x, v, b1);
      x = v128.and(v128.load(x2 + at), mask);
      a2 = multiplyAdd(x, u, a2);
      b2 = multiplyAdd(x, v, b2);
      x = v128.and(v128.load(x3 + at), mask);
      a3 = multiplyAdd(x, u, a3);
      b3 = multiplyAdd(x, v, b3);
    }
    image += imageStep;
    dy += yStep;
  }
  const scale = f32x4.splat(alpha);
  storeLanes(dw, f32x4.add(v128.load(dw), f32x4.mul(sumLanes(a0, a1, a2, a3), scale)), k);
  if (filters > 1) {
    dw += filter;
    storeLanes(dw, f32x4.add(v128.load(dw), f32x4.mul(sumLanes(b0, b1, b2, b3), scale)), k);
  }
}

/** Adds the gradient with respect to the filters to dw (k adjacent elements per filter). */
export function convolveFilter(
  positions: usize, full: i32, count: i32, taps: usize, k: i32, dw: usize, filters: i32, alpha: f32,
  image: usize, imageStep: usize, dy: usize, yPlane: usize, yStep: usize, instances: i32,
): void {
  const filter = 4 * k;
  for (let f = filters; f > 0; f -= 2) {
    let tap = taps;
    for (let q = k; q > 0; q -= 4) {
      filterTile(
        positions, full, count, tap, q, dw + tap - taps, filter, f, alpha, image, imageStep, dy, yPlane, yStep, instances,
      );
      tap += 16;
    }
    dw += 2 * filter;
    dy += 2 * yPlane;
  }
}
