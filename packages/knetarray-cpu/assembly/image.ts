// Moves planes between the layout of an array and the layout that the convolution kernels read: zero padding made explicit and,
// for a stride s in the first dimension, elements regrouped into s phases so that neighbouring outputs read neighbouring elements.

// The plan is a row of i32, see src/wasm/plan.ts.
// @ts-ignore: decorator
@inline
function field(plan: usize, i: usize): i32 {
  return i32.load(plan + 4 * i);
}

/** Copies one row of x into the image, or (`back`) out of it; elements that no output reads get 0 on the way back. */
function moveRow(image: usize, x: usize, count: i32, pad: i32, stride: i32, length: i32, extent: i32, back: bool): void {
  const end = min(count, extent - pad);
  let i: i32 = max(0, -pad);
  if (back) {
    for (let j: i32 = 0; j < min(i, count); j++) f32.store(x + 4 * j, 0);
    for (let j: i32 = max(end, 0); j < count; j++) f32.store(x + 4 * j, 0);
  }
  if (stride == 1) {
    image += 4 * pad;
    if (back) for (; i < end; i++) f32.store(x + 4 * i, f32.load(image + 4 * i));
    else for (; i < end; i++) f32.store(image + 4 * i, f32.load(x + 4 * i));
  } else {
    let phase = (i + pad) % stride;
    let at = image + 4 * (phase * length + (i + pad) / stride);
    for (; i < end; i++) {
      if (back) f32.store(x + 4 * i, f32.load(at));
      else f32.store(at, f32.load(x + 4 * i));
      at += 4 * length;
      if (++phase == stride) {
        phase = 0;
        at += 4 * (1 - stride * length);
      }
    }
  }
}

/** Copies planes of an array to an image that is zero where no element goes, or (`back`) an image to an array. */
export function movePlanes(plan: usize, image: usize, x: usize, planes: i32, back: bool): void {
  const x0 = field(plan, 0), x1 = field(plan, 1), x2 = field(plan, 2);
  const pad0 = field(plan, 3), pad1 = field(plan, 4), pad2 = field(plan, 5);
  const extent0 = field(plan, 6), extent1 = field(plan, 7), extent2 = field(plan, 8);
  const stride = field(plan, 9), length = field(plan, 10), pitch = field(plan, 11), plane = field(plan, 12);
  for (; planes > 0; planes--) {
    for (let k: i32 = 0; k < x2; k++) {
      for (let j: i32 = 0; j < x1; j++) {
        const p1 = j + pad1, p2 = k + pad2;
        if (p1 >= 0 && p1 < extent1 && p2 >= 0 && p2 < extent2) {
          moveRow(image + pitch * (p1 + extent1 * p2), x, x0, pad0, stride, length, extent0, back);
        } else if (back) {
          memory.fill(x, 0, 4 * x0);
        }
        x += 4 * x0;
      }
    }
    image += plane;
  }
}

/** Sets bytes to 0. */
export function clear(address: usize, bytes: usize): void {
  memory.fill(address, 0, bytes);
}
