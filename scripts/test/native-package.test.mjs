import { expect, test } from 'vitest';
import { judge } from '../checks/native-package.mjs';

const folder = '/project/node_modules/@knet/knetarray-onednn-linux-x64';
const good = { onednn: [3, 2, 1], cpu: [3, 2.0001, 1], files: ['/usr/bin/node', `${folder}/knet.node`, `${folder}/libdnnl.so.2`] };
const shipped = ['knet.node', 'libdnnl.so.2'];

test('the prebuilt addon is right when it trains as the cpu does, with the libraries of its package', () => {
  expect(judge(good, folder, shipped)).toBe('');
});

test('other losses, losses that do not fall, and libraries of the system are wrong', () => {
  expect(judge({ ...good, onednn: [3, 2, 1.1] }, folder, shipped)).toMatch(/losses on onednn/);
  expect(judge({ ...good, onednn: [Number.NaN], cpu: [1] }, folder, shipped)).toMatch(/losses on onednn/);
  expect(judge({ ...good, onednn: [1, 1], cpu: [1, 1] }, folder, shipped)).toMatch(/did not fall/);
  expect(judge({ ...good, files: [`${folder}/knet.node`, '/usr/lib/libdnnl.so.2'] }, folder, shipped)).toMatch(
    /libdnnl\.so\.2 should come/,
  );
  expect(judge({ ...good, files: [...good.files, '/usr/lib/libdnnl.so.2'] }, folder, shipped)).toMatch(/libdnnl\.so\.2 should come/);
  expect(judge({ ...good, files: [] }, folder, shipped)).toMatch(/in memory: none/);
});
