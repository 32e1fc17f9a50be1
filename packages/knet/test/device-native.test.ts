/** The native backend through `device`: here its package is there, whether or not its addon can be loaded. */
import { describe, expect, it, vi } from 'vitest';
import { device, skippedDevices } from '../src/index.js';

describe('without the addon', () => {
  it('auto goes on with what works, and onednn by name says what is missing', async () => {
    vi.stubEnv('KNET_ONEDNN_ADDON', '/nowhere/knet.node');
    const sentence =
      "device 'onednn' cannot be opened: KNET_ONEDNN_ADDON names /nowhere/knet.node, which does not exist: correct or unset it";
    expect((await device('auto')).name).not.toBe('onednn');
    expect(skippedDevices().get('onednn')).toBe(sentence);
    await expect(device('onednn')).rejects.toThrow(sentence);
    vi.unstubAllEnvs();
  });
});

describe('with the addon', () => {
  it('onednn opens, also after it could not be opened', async () => {
    expect((await device('onednn')).name).toBe('onednn');
  });
});
