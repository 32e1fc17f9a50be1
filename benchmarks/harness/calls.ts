/** Counts what a library asks of WebGPU, in the same way for all: at the functions of the platform. */

/** What was asked of the GPU. */
export interface Calls {
  /** Compute dispatches, direct and indirect. */
  dispatches: number;
  /** Calls of `queue.submit`. */
  submits: number;
}

let counts: Calls | undefined;
const errors: string[] = [];

/**
 * Starts to count, before any library is loaded, and to listen for errors of every device that is requested. Where there is
 * no WebGPU nothing is counted.
 */
export function countCalls(): void {
  const [pass, queue, adapter] = ['GPUComputePassEncoder', 'GPUQueue', 'GPUAdapter'].map(prototypeOf);
  if (counts !== undefined || pass === undefined || queue === undefined || adapter === undefined) return;
  const now = { dispatches: 0, submits: 0 };
  counts = now;
  const dispatched = (): void => {
    now.dispatches++;
  };
  before(pass, 'dispatchWorkgroups', dispatched);
  before(pass, 'dispatchWorkgroupsIndirect', dispatched);
  before(queue, 'submit', () => {
    now.submits++;
  });
  const request = methodOf(adapter, 'requestDevice');
  Reflect.set(adapter, 'requestDevice', async function (this: unknown, descriptor: unknown): Promise<unknown> {
    const device: unknown = await request.call(this, descriptor);
    if (device instanceof EventTarget) device.addEventListener('uncapturederror', event => errors.push(messageOf(event)));
    return device;
  });
}

/** Starts to watch; the result gives what was asked since, or `undefined` where nothing is counted. */
export function watchCalls(): () => Calls | undefined {
  const start = { ...counts };
  return () => counts && { dispatches: counts.dispatches - (start.dispatches ?? 0), submits: counts.submits - (start.submits ?? 0) };
}

/** Errors of devices that nobody asked about; their results are wrong. */
export const deviceErrors = (): readonly string[] => errors;

/**
 * Has `note` called before a method of up to three parameters. They are written out because passing a list of them on would take longer
 * than what is measured: some microseconds a call.
 */
function before(owner: object, name: string, note: () => void): void {
  const method = methodOf(owner, name);
  Reflect.set(owner, name, function (this: unknown, a: unknown, b: unknown, c: unknown): unknown {
    note();
    return method.call(this, a, b, c);
  });
}

type Method = (this: unknown, ...parameters: unknown[]) => unknown;

const isMethod = (value: unknown): value is Method => typeof value === 'function';

function methodOf(owner: object, name: string): Method {
  const method: unknown = Reflect.get(owner, name);
  if (!isMethod(method)) throw new Error(`calls: WebGPU has no ${name} here`);
  return method;
}

/** Prototype of a class of the platform, when there is one. */
function prototypeOf(name: string): object | undefined {
  const found: unknown = Reflect.get(globalThis, name);
  const prototype: unknown = typeof found === 'function' ? Reflect.get(found, 'prototype') : undefined;
  return typeof prototype === 'object' && prototype !== null ? prototype : undefined;
}

function messageOf(event: Event): string {
  const error: unknown = Reflect.get(event, 'error');
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : event.type;
}
