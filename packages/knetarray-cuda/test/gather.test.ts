import { describe, it } from 'vitest';
import { emulated } from './emulated.js';
import { type Case, cases, dtypes, listed, viewsOf } from './selection-cases.js';
import { download, expectSame, forEachPosition, placeOf, type Strided, strided, upload } from './strided.js';

const backend = emulated();

function check(dim: number, whole: Strided, list: Strided, chosen: Strided): void {
  const expected = chosen.data.slice();
  forEachPosition(chosen.shape, position => {
    const at = listed(list, position[dim]!);
    const inside = at >= 0 && at < whole.shape[dim]!;
    const source = position.map((p, d) => (d === dim ? at : p));
    expected[placeOf(chosen, position)] = inside ? whole.data[placeOf(whole, source)]! : 0;
  });
  const [x, i, y] = [upload(backend, whole), upload(backend, list), upload(backend, chosen)];
  backend.gather(x, i, y, dim);
  expectSame(download(backend, y, chosen), expected);
  for (const view of [x, i, y]) backend.release(view.storage);
}

describe.each(dtypes)('gather %s', dtype => {
  it.each(cases)('$name', (c: Case) => {
    const { whole, list, chosen } = viewsOf(c, dtype);
    check(c.dim, whole, list, chosen);
  });

  // Only a source may repeat elements.
  it.each([[[0, 1]], [[0, 0]], [[1, 0]]])('an array of strides %j', strides => {
    const { list, chosen } = viewsOf({ name: '', whole: { shape: [6, 4] }, dim: 1, count: 7 }, dtype);
    check(1, strided(dtype, { shape: [6, 4], strides }, 5), list, chosen);
  });
});
