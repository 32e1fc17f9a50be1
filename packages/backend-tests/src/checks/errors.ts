/** Wrong use: every error names the function and what does not fit. */

import type { KnetArray } from '@knet/knetarray';
import * as knet from '@knet/knetarray';
import { expectError } from '../compare.js';
import type { Suite } from '../suite.js';

/** Registers the tests. */
export function checkErrors(suite: Suite): void {
  const reject = (name: string, cases: () => readonly (readonly [() => unknown, RegExp])[]): void => {
    suite.test(
      'errors',
      undefined,
      async () => {
        for (const [f, pattern] of cases()) await expectError(f, pattern, name);
      },
      name,
    );
  };
  const zeros = (...shape: number[]): KnetArray => knet.array(new Float32Array(shape.reduce((n, m) => n * m, 1)), { shape });
  suite.group('errors', () => {
    reject('shapes', () => [
      [() => zeros(2, 3).add(zeros(3, 2)), /add.*\[2, 3\].*\[3, 2\]/],
      [() => zeros(2, 3).matmul(zeros(2, 3)), /matmul.*\[2, 3\].*\[2, 3\]/],
      [() => knet.bmm(zeros(2, 3, 2), zeros(3, 2, 3)), /bmm.*\[2, 3, 2\].*\[3, 2, 3\]/],
      [() => zeros(2, 3).reshape(4), /reshape.*\[4\]/],
      [() => knet.cat([zeros(2, 3), zeros(3, 2)]), /cat.*\[2, 3\].*\[3, 2\]/],
      [() => knet.array(new Float32Array(3), { shape: [2] }), /array.*\[2\].*3/],
      [() => knet.array([[1, 2], [3]]), /array.*rows/],
      [() => knet.zeros([2, -1]), /\[2, -1\]/],
      [() => knet.split(zeros(5), 2), /split.*\[5\]/],
      [() => knet.expand(zeros(2), [3]), /expand.*\[2\].*\[3\]/],
      [() => zeros(2, 3).item(), /item.*\[2, 3\]/],
      [() => zeros(3).set([], zeros(2)), /set.*\[2\].*\[3\]/],
    ]);
    reject('positions and dimensions', () => [
      [() => zeros(2, 3).sum({ dims: 2 }), /sum.*2/],
      [() => zeros(2, 3).get(0, 3), /3.*\[2, 3\]/],
      [() => zeros(2, 3).slice(':', ':', 0), /slice.*\[2, 3\]/],
      [() => zeros(2, 3).slice(knet.span(0, 5)), /span.*\[2, 3\]/],
      [() => zeros(2, 3).slice([0, 2]), /2.*\[2, 3\]/],
      [() => zeros(2, 3).permute(0, 0), /permute.*\[2, 3\]/],
      [() => zeros(2, 0).argmax(), /argmax.*\[2, 0\]/],
      [() => zeros(0, 2).argmin({ dims: 0 }), /argmin.*\[0, 2\]/],
      [() => knet.gather(zeros(2), zeros(2)), /gather.*int32.*float32/],
    ]);
    reject('dtypes', () => [
      // A program in JavaScript can pass anything.
      [() => knet.zeros([2], { dtype: JSON.parse('"float8"') }), /float8.*float32/],
      [() => zeros(2).astype(JSON.parse('"half"')), /half.*float32/],
      [() => knet.rand([2], { dtype: 'int32' }), /rand.*int32/],
    ]);
    reject('use after dispose', () => {
      const gone = zeros(3);
      const view = zeros(4).slice(knet.span(0, 2));
      gone.dispose();
      view.dispose();
      return [
        [() => gone.add(1), /dispose/],
        [() => gone.sum(), /dispose/],
        [() => gone.data(), /dispose/],
        [() => gone.set(0, 1), /dispose/],
        [() => gone.reshape(3, 1), /dispose/],
        [() => gone.matmul(zeros(3)), /dispose/],
        [() => knet.copy(gone), /dispose/],
        [() => view.mul(2), /dispose/],
        [() => knet.assign([[zeros(3), gone]]), /dispose/],
        [() => knet.cat([zeros(3), gone]), /dispose/],
        [() => knet.gather(gone, knet.array([0], { dtype: 'int32' })), /dispose/],
      ];
    });
    reject('two devices', () => {
      const here = zeros(3);
      const there = knet.array(new Float32Array(3), { device: suite.fresh('elsewhere') });
      const literal = (text: string): string => text.replace(/[^\w ]/g, '\\$&');
      const names = new RegExp(`'${literal(suite.name)}'.*'${literal(suite.name)} elsewhere'`);
      return [
        [() => here.add(there), names],
        [() => here.matmul(there), names],
        [() => knet.cat([here, there]), names],
        [() => here.set([], there), names],
        [() => knet.where(here, here, there), names],
        [() => knet.assign([[here, there]]), /assign.*elsewhere/],
        [() => knet.gather(here, knet.array([0], { dtype: 'int32', device: there.device })), /elsewhere/],
      ];
    });
    if (suite.backend.readSync === undefined)
      reject('blocking reads', () => [
        [() => zeros(2).dataSync(), /dataSync.*await a\.data\(\)/],
        [() => zeros(1).itemSync(), /itemSync.*await a\.item\(\)/],
        [() => zeros(2).toArraySync(), /toArraySync.*await a\.toArray\(\)/],
      ]);
  });
}
