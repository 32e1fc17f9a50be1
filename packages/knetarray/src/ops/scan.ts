/** Cumulative sums. */
import { add, type Primitive, primitive } from '@knet/autograd';
import { KnetArray } from '../array.js';
import { DeviceArray } from '../core/device-array.js';
import { viewOf } from '../core/lazy.js';
import { normalizeDim } from '../core/shape.js';
import { astype } from './cast.js';
import { flip, pad } from './join.js';
import { plain } from './read.js';
import { slice, span } from './slice.js';

const scan: Primitive<(x: KnetArray, options: { dim: number }) => KnetArray> = /* @__PURE__ */ primitive('cumsum', {
  methods: [[[KnetArray], (x: DeviceArray, { dim }: { dim: number }) => run(x, dim)]],
  derivatives: [
    ({ options }) => {
      const dim = options.dim as number;
      return dy => flip(scan(flip(dy, dim), { dim }), dim);
    },
  ],
});

/**
 * Cumulative sum along one dimension (default the first): each element plus all before it. The shape stays.
 *
 * @example
 * cumsum(array([1, 2, 3])); // 1, 3, 6
 */
export function cumsum(x: KnetArray, { dims = 0 }: { dims?: number } = {}): KnetArray {
  // Sums of truth values and bytes count: they are int32, as those of sum.
  const terms = x.dtype === 'bool' || x.dtype === 'uint8' ? astype(x, 'int32') : x;
  return scan(terms, { dim: normalizeDim(dims, x.ndim, 'cumsum') });
}

function run(x: DeviceArray, dim: number): DeviceArray {
  const { backend } = x.device;
  if (x.size === 0) return x;
  if (backend.cumsum === undefined || !backend.supports('cumsum', x.dtype)) return doubling(x, dim);
  const source = viewOf(x);
  const result = DeviceArray.empty(x.device, x.dtype, x.shape);
  backend.cumsum(source, result.view(), dim);
  return result;
}

/** The default: sums over spans that double in length (Hillis and Steele 1986). */
function doubling(x: DeviceArray, dim: number): DeviceArray {
  let y: KnetArray = x;
  const n = x.shape[dim]!;
  for (let step = 1; step < n; step *= 2) {
    const head = slice(y, ...y.shape.map((_, d) => (d === dim ? span(0, n - step) : (':' as const))));
    y = add(
      y,
      pad(
        head,
        y.shape.map((_, d) => (d === dim ? [step, 0] : [0, 0])),
      ),
    );
  }
  return plain(y, 'cumsum');
}
