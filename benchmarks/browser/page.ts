import { countCalls, deviceErrors } from '../harness/calls.js';
import type { RunOptions, RunResult, WorkloadModule } from '../harness/contract.js';

declare global {
  /** Takes the sample of the page; the program that drives Chromium calls it. */
  var sample: ((options: RunOptions) => Promise<RunResult>) | undefined;
}

/**
 * Makes this page ready for a sample.
 *
 * @param load - imports the workload, once calls are counted: a library that was loaded before could have kept the functions
 */
export function preparePage(load: () => Promise<WorkloadModule>): void {
  countCalls();
  globalThis.sample = async options => {
    const where = await adapterName();
    const workload = await load();
    const result = await workload.run(options);
    const [error] = deviceErrors();
    if (error !== undefined) throw new Error(`WebGPU reports ${deviceErrors().length} errors, the first: ${error}`);
    return { ...result, where };
  };
}

/** What WebGPU would run on. */
async function adapterName(): Promise<string> {
  const gpu: unknown = Reflect.get(navigator, 'gpu');
  if (typeof gpu !== 'object' || gpu === null || !('requestAdapter' in gpu) || typeof gpu.requestAdapter !== 'function') {
    return 'no WebGPU';
  }
  const adapter: { info: { vendor: string; architecture: string } } | null = await gpu.requestAdapter();
  return adapter === null ? 'no graphics adapter' : `${adapter.info.vendor} ${adapter.info.architecture}`;
}
