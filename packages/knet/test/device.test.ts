import { join } from 'node:path';
import { cpuBackend } from '@knet/knetarray-cpu';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { device, getDevice, skippedDevices, zeros } from '../src/index.js';

describe('device', () => {
  it('makes the CPU current, every time the same', async () => {
    const cpu = await device('cpu');
    expect([cpu.name, getDevice()]).toEqual(['cpu', cpu]);
    expect(zeros([1]).device).toBe(cpu);
    expect(await device('cpu')).toBe(cpu);
  });

  it('takes a backend, and a device that it returned', async () => {
    const own = await device(cpuBackend({ name: 'own' }));
    expect([own.name, getDevice()]).toEqual(['own', own]);
    const cpu = await device('cpu');
    expect(await device(own)).toBe(own);
    expect(getDevice()).toBe(own);
    expect(await device(cpu)).toBe(cpu);
  });

  it('says in one sentence what an absent device needs, and keeps the current one', async () => {
    const before = await device('cpu');
    await expect(device('no-such')).rejects.toThrow(/there is no device "no-such"; choose one of 'auto', 'cpu'/);
    expect(getDevice()).toBe(before);
  });

  it('auto takes the best that works and tells why the others were left out', async () => {
    const chosen = await device();
    expect(getDevice()).toBe(chosen);
    const order = ['cuda', 'webgpu', 'onednn', 'cpu'];
    expect([...skippedDevices().keys()]).toEqual(order.slice(0, order.indexOf(chosen.name)));
    for (const [name, reason] of skippedDevices()) {
      expect(reason).toMatch(new RegExp(`^device '${name}' `));
      await expect(device(name)).rejects.toThrow(`device '${name}' `);
    }
  });

  it('a package that is not installed is named with the command that installs it', async () => {
    const [name] = ['cuda', 'webgpu', 'onednn'].filter(key => /not installed/.test(skippedDevices().get(key) ?? ''));
    if (name === undefined) return;
    expect(skippedDevices().get(name)).toMatch(
      new RegExp(`needs the package @knet/knetarray-${name}, which is not installed: npm install @knet/knetarray-${name}; `),
    );
  });
});

describe('a browser bundle', () => {
  it('has no Node module and no optional package in it', async () => {
    const packages = join(import.meta.dirname, '../..');
    const source = (name: string) => join(packages, name, 'src/index.ts');
    const bundle = async (platform: 'browser' | 'node', host: string) => {
      const { metafile } = await build({
        entryPoints: [source('knet')],
        bundle: true,
        format: 'esm',
        write: false,
        metafile: true,
        platform,
        external: ['cli-progress'],
        alias: {
          '#knet-host': join(packages, 'knet/src', host),
          '@knet/autograd/repeat': join(packages, 'autograd/src/repeat.ts'),
          '@knet/autograd/special': join(packages, 'autograd/src/special.ts'),
          '@knet/autograd/gradcheck': join(packages, 'autograd/src/gradcheck.ts'),
          ...Object.fromEntries(['autograd', 'knetarray', 'knetarray-cpu', 'nn-ops', 'optim'].map(name => [`@knet/${name}`, source(name)])),
        },
      });
      return Object.values(metafile.outputs).flatMap(output => output.imports.map(i => i.path));
    };
    expect(await bundle('browser', 'host-browser.ts')).toEqual([]);
    expect(await bundle('node', 'host-node.ts')).toEqual(expect.arrayContaining(['node:fs/promises', 'cli-progress']));
  });
});
