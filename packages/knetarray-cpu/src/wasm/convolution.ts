import type { ProductExports } from './module.js';
import { type ConvolutionGeometry, type ConvolutionPlan, planConvolution } from './plan.js';
import { align, BASE, type Scratch } from './scratch.js';

// Instances are done in chunks of about this many bytes, which stay in the L2 cache between copy, product and copy.
const CHUNK_BYTES = 512 * 1024;

/** Addresses of one call: plan, filters, and room for the arrays of a chunk of instances. */
interface Layout {
  readonly plan: ConvolutionPlan;
  readonly table: number;
  readonly filters: number;
  readonly panels: number;
  /** Elements of all filters, and bytes from one group's panels to the next one's. */
  readonly filterElements: number;
  readonly panelStep: number;
  /** Copies of x and y; `image` is `x` when the plan is direct. */
  readonly x: number;
  readonly y: number;
  readonly image: number;
  readonly imageStep: number;
  readonly chunk: number;
}

function layOut(scratch: Scratch<ProductExports>, g: ConvolutionGeometry): Layout {
  const plan = planConvolution(g);
  const filterElements = plan.taps * g.outputs;
  const imageStep = plan.plane * g.inputs;
  const perInstance = 4 * (plan.xElements + plan.yElements) + (plan.direct ? 0 : imageStep);
  const chunk = Math.max(1, Math.min(g.batch, Math.floor(CHUNK_BYTES / perInstance)));
  const perGroup = g.outputs / g.group;
  const panelStep = Math.max(16 * Math.ceil(perGroup / 4) * plan.taps, 16 * Math.ceil(plan.taps / 4) * perGroup);
  const table = BASE;
  const filters = align(table + 4 * plan.ints.length);
  const panels = align(filters + 4 * filterElements + 16);
  const x = align(panels + panelStep * g.group);
  const y = align(x + 4 * plan.xElements * chunk + 64);
  const image = plan.direct ? x : align(y + 4 * plan.yElements * chunk + 64);
  scratch.reserve(plan.direct ? y + 4 * plan.yElements * chunk + 64 : image + imageStep * chunk + 64);
  scratch.i32.set(plan.ints, table >> 2);
  return { plan, table, filters, panels, filterElements, panelStep, x, y, image, imageStep, chunk };
}

/** y = alpha * convolution of x with w. */
export function convolution(
  scratch: Scratch<ProductExports>,
  g: ConvolutionGeometry,
  w: Float32Array,
  wOffset: number,
  x: Float32Array,
  xOffset: number,
  y: Float32Array,
  yOffset: number,
): void {
  const l = layOut(scratch, g);
  const { plan, table } = l;
  const { exports } = scratch;
  const outputs = g.outputs / g.group;
  scratch.copyIn(l.filters, w, wOffset, l.filterElements);
  for (let group = 0; group < g.group; group++) {
    exports.packColumns(l.panels + group * l.panelStep, l.filters + 4 * group * outputs * plan.taps, 4, 4 * plan.taps, outputs, plan.taps);
  }
  if (!plan.direct) exports.clear(l.image, l.imageStep * l.chunk);
  for (let start = 0; start < g.batch; start += l.chunk) {
    const instances = Math.min(l.chunk, g.batch - start);
    scratch.copyIn(l.x, x, xOffset + start * plan.xElements, instances * plan.xElements);
    if (!plan.direct) exports.movePlanes(table, l.image, l.x, instances * g.inputs, false);
    for (let group = 0; group < g.group; group++) {
      exports.convolve(
        table + plan.positionsAt,
        plan.even,
        table + plan.tapsAt,
        plan.taps,
        l.panels + group * l.panelStep,
        outputs,
        g.alpha,
        l.image + (group * l.imageStep) / g.group,
        l.imageStep,
        l.y + group * outputs * plan.yPlane,
        plan.yPlane,
        4 * plan.yElements,
        instances,
      );
    }
    scratch.copyOut(l.y, y, yOffset + start * plan.yElements, instances * plan.yElements);
  }
}

/** dx = gradient with respect to x, from dy. */
export function convolutionX(
  scratch: Scratch<ProductExports>,
  g: ConvolutionGeometry,
  w: Float32Array,
  wOffset: number,
  dy: Float32Array,
  dyOffset: number,
  dx: Float32Array,
  dxOffset: number,
): void {
  const l = layOut(scratch, g);
  const { plan, table } = l;
  const { exports } = scratch;
  const outputs = g.outputs / g.group;
  scratch.copyIn(l.filters, w, wOffset, l.filterElements);
  for (let group = 0; group < g.group; group++) {
    const from = l.filters + 4 * group * outputs * plan.taps;
    exports.packTaps(l.panels + group * l.panelStep, from, table + plan.inputOrderAt, plan.taps, outputs);
  }
  for (let start = 0; start < g.batch; start += l.chunk) {
    const instances = Math.min(l.chunk, g.batch - start);
    scratch.copyIn(l.y, dy, dyOffset + start * plan.yElements, instances * plan.yElements);
    exports.clear(l.image, l.imageStep * instances);
    for (let group = 0; group < g.group; group++) {
      exports.convolveInput(
        table + plan.positionsAt,
        plan.even,
        table + plan.inputTapsAt,
        plan.taps,
        l.panels + group * l.panelStep,
        outputs,
        g.alpha,
        l.image + (group * l.imageStep) / g.group,
        l.imageStep,
        l.y + group * outputs * plan.yPlane,
        plan.yPlane,
        4 * plan.yElements,
        instances,
      );
    }
    if (!plan.direct) exports.movePlanes(table, l.image, l.x, instances * g.inputs, true);
    scratch.copyOut(l.x, dx, dxOffset + start * plan.xElements, instances * plan.xElements);
  }
}

/** dw = gradient with respect to w, from x and dy. */
export function convolutionW(
  scratch: Scratch<ProductExports>,
  g: ConvolutionGeometry,
  x: Float32Array,
  xOffset: number,
  dy: Float32Array,
  dyOffset: number,
  dw: Float32Array,
  dwOffset: number,
): void {
  const l = layOut(scratch, g);
  const { plan, table } = l;
  const { exports } = scratch;
  const outputs = g.outputs / g.group;
  exports.clear(l.filters, 4 * l.filterElements);
  if (!plan.direct) exports.clear(l.image, l.imageStep * l.chunk);
  for (let start = 0; start < g.batch; start += l.chunk) {
    const instances = Math.min(l.chunk, g.batch - start);
    scratch.copyIn(l.x, x, xOffset + start * plan.xElements, instances * plan.xElements);
    scratch.copyIn(l.y, dy, dyOffset + start * plan.yElements, instances * plan.yElements);
    if (!plan.direct) exports.movePlanes(table, l.image, l.x, instances * g.inputs, false);
    for (let group = 0; group < g.group; group++) {
      exports.convolveFilter(
        table + plan.positionsAt,
        plan.full,
        plan.real,
        table + plan.tapsAt,
        plan.taps,
        l.filters + 4 * group * outputs * plan.taps,
        outputs,
        g.alpha,
        l.image + (group * l.imageStep) / g.group,
        l.imageStep,
        l.y + group * outputs * plan.yPlane,
        plan.yPlane,
        4 * plan.yElements,
        instances,
      );
    }
  }
  scratch.copyOut(l.filters, dw, dwOffset, l.filterElements);
}
