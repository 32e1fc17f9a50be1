import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { bundlePage } from './browser/bundle.js';
import { inChromium } from './browser/sample.js';
import { servePage } from './browser/server.js';
import { dataFiles } from './data-files.js';
import { compareLosses, formatCalls } from './harness/agreement.js';
import { parseArguments } from './harness/arguments.js';
import type { RunOptions, RunResult } from './harness/contract.js';
import type { Sample } from './harness/sample.js';
import { chooseWorkloads, workloads } from './harness/workloads.js';

const options: RunOptions = { device: 'webgpu', variant: '', steps: 3, warmup: 1, batch: 1, length: 1, budget: 10, threads: 1 };

describe('arguments of a page', () => {
  it('puts our side where the peers are', () => {
    const wanted = parseArguments(['--', '--device', 'webgpu', '--peer', 'tfjs-webgpu', '--peer', 'jax-webgpu']);
    expect(wanted).toMatchObject({ place: 'page', device: 'webgpu', budget: 600 });
    expect(wanted.peers.map(peer => peer.name)).toEqual(['tfjs-webgpu', 'jax-webgpu']);
    expect(wanted.workloads.map(workload => workload.name)).toEqual(['linreg', 'softmax', 'mlp', 'lenet', 'charlm']);
    expect(parseArguments(['--peer', 'torch,tfjs-wasm']).place).toBe('node');
  });

  it('runs our side alone there, and refuses peers and workloads that cannot', () => {
    expect(parseArguments(['mlp', '--page'])).toMatchObject({ place: 'page', peers: [] });
    expect(() => parseArguments(['--peer', 'tfjs-webgpu,tfjs-wasm'])).toThrow('tfjs-wasm does not run in a page');
    expect(() => parseArguments(['overhead', '--page'])).toThrow('overhead runs in Node alone');
  });

  it('has smaller workloads there', () => {
    const [inPage] = chooseWorkloads(['charlm'], 'page', 'webgpu');
    const [whole] = chooseWorkloads(['charlm'], 'node', 'webgpu');
    expect(whole).toBe(workloads.find(({ name }) => name === 'charlm'));
    expect(inPage!.batch * inPage!.length * inPage!.steps).toBeLessThan(whole!.batch * whole!.length);
  });
});

describe('losses of several sides', () => {
  const sample = (loss: number, more: Partial<RunResult> = {}): Sample[] => [
    { ok: true, result: { seconds: 1, steps: 4, trained: 6, loss, firstLoss: 2.3, ...more } },
  ];

  it('agree within rounding', () => {
    const taken = new Map([
      ['knet', sample(1.2345)],
      ['a', sample(1.2346)],
    ]);
    expect(compareLosses('mlp', taken)).toEqual({ lines: ['- mlp, loss after 6 steps: knet 1.2345, a 1.2346'], differ: false });
  });

  it('differ when a side computed something else', () => {
    const wrong = compareLosses('mlp', new Map([...[['knet', sample(1.2345)] as const], ['a', sample(1.3)], ['b', sample(Number.NaN)]]));
    expect(wrong).toEqual({ lines: ['- mlp, loss after 6 steps: knet 1.2345, a 1.3000 (differs), b NaN (differs)'], differ: true });
    const start = compareLosses('mlp', new Map([...[['knet', sample(1)] as const], ['a', sample(1, { firstLoss: 2.4 })]]));
    expect(start.differ).toBe(true);
  });

  it('are not compared after other numbers of steps, nor with a side that failed', () => {
    const cut = sample(2, { trained: 3 });
    expect(compareLosses('mlp', new Map([...[['knet', sample(1)] as const], ['a', cut]]))).toEqual({ lines: [], differ: false });
    const three = compareLosses('mlp', new Map([...[['knet', sample(1)] as const], ['a', cut], ['b', sample(1)]]));
    expect(three.lines).toEqual(['- mlp, loss after 6 steps: knet 1.0000, a 2.0000 after 3 steps (not compared), b 1.0000']);
    const failed = new Map<string, Sample[]>([
      ['knet', sample(1)],
      ['a', [{ ok: false, error: 'no kernel' }]],
    ]);
    expect(compareLosses('mlp', failed)).toEqual({ lines: [], differ: false });
  });

  it('stand beside what was asked of the GPU', () => {
    const taken = new Map([
      ['knet', sample(1, { calls: { dispatches: 56, submits: 5 } })],
      ['a', sample(1, { calls: { dispatches: 1000, submits: 70 } })],
      ['b', sample(1)],
    ]);
    expect(formatCalls('mlp', taken)).toEqual(['- mlp, per step: knet 14 dispatches in 1.3 submits, a 250 dispatches in 18 submits']);
  });
});

describe('calls', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('are counted at the functions of the platform, with the errors of every device', async () => {
    vi.resetModules();
    const { countCalls, deviceErrors, watchCalls } = await import('./harness/calls.js');
    expect(watchCalls()()).toBeUndefined();
    const device = new EventTarget();
    class GPUComputePassEncoder {
      last: number[] = [];
      dispatchWorkgroups(...groups: number[]): void {
        this.last = groups;
      }
      dispatchWorkgroupsIndirect(): void {}
    }
    class GPUQueue {
      submit(): string {
        return 'submitted';
      }
    }
    class GPUAdapter {
      requestDevice(): Promise<EventTarget> {
        return Promise.resolve(device);
      }
    }
    for (const [name, value] of Object.entries({ GPUComputePassEncoder, GPUQueue, GPUAdapter })) vi.stubGlobal(name, value);
    countCalls();
    countCalls();
    const [pass, queue] = [new GPUComputePassEncoder(), new GPUQueue()];
    pass.dispatchWorkgroups(1);
    const asked = watchCalls();
    pass.dispatchWorkgroups(3, 4);
    pass.dispatchWorkgroupsIndirect();
    expect(queue.submit()).toBe('submitted');
    expect(pass.last).toEqual([3, 4, undefined]);
    expect(asked()).toEqual({ dispatches: 2, submits: 1 });
    expect(await new GPUAdapter().requestDevice()).toBe(device);
    device.dispatchEvent(Object.assign(new Event('uncapturederror'), { error: { message: 'bad shader' } }));
    expect(deviceErrors()).toEqual(['bad shader']);
  });
});

describe('page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'knet-bench-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const module = (name: string, text: string): string => {
    const path = join(folder, `${name}.mjs`);
    writeFileSync(path, text);
    return path;
  };

  it('is served with the data sets and nothing else, and loads what only Node has when it is asked for', async () => {
    const bundle = await bundlePage(module('lazy', `export const run = async () => (await import('node:os')).cpus();`));
    expect(bundle.has('/page.js')).toBe(true);
    const { address, close } = await servePage(bundle);
    try {
      const get = async (path: string): Promise<Response> => fetch(new URL(path, address));
      expect(await (await get('/')).text()).toContain('src="/page.js"');
      expect((await get('/page.js')).headers.get('cross-origin-embedder-policy')).toBe('require-corp');
      expect((await (await get(`/data/${dataFiles.at(-1)}`)).text()).split('\n').length).toBeGreaterThan(500);
      expect((await get('/data/../package.json')).status).toBe(404);
    } finally {
      close();
    }
  });

  it('computes on WebGPU, and its errors come back', async () => {
    const run = `
      const adapter = await navigator.gpu.requestAdapter();
      const device = await adapter.requestDevice();
      const code = '@group(0) @binding(0) var<storage, read_write> y: array<f32>; @compute @workgroup_size(1) fn main() { y[0] += 1; }';
      const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module: device.createShaderModule({ code: CODE }) } });
      const buffer = device.createBuffer({ size: 4, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
      const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer } }] });
      const read = device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      for (let i = 0; i < options.steps; i++) pass.dispatchWorkgroups(1);
      pass.end();
      encoder.copyBufferToBuffer(buffer, 0, read, 0, 4);
      device.queue.submit([encoder.finish()]);
      await read.mapAsync(GPUMapMode.READ);
      return { seconds: 1, steps: 1, loss: new Float32Array(read.getMappedRange())[0] };`;
    const text = (code: string): string => `export async function run(options) { ${run.replace('code: CODE', `code: ${code}`)} }`;
    const result = await (await inChromium(module('good', text('code')))).run(options);
    expect(result).toMatchObject({ loss: 3, steps: 1 });
    expect(result.where).toMatch(/^Chromium \d+[.\d]*, \w+ \w+$/);
    expect(result.helpers).toBeGreaterThan(0);
    await expect((await inChromium(module('bad', text('"no shader"')))).run(options)).rejects.toThrow('WebGPU reports');
    await expect(
      (await inChromium(module('throws', `export function run() { throw new Error('no kernel'); }`))).run(options),
    ).rejects.toThrow('no kernel');
  });
});
