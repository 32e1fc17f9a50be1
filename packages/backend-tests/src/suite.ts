/** What the checks are given: the device under test, its dtypes, and a way to register a test. */
import { type Backend, type Device, type DType, dtypes, isFloat, setDevice, setImmediateMode, useBackend } from '@knet/knetarray';
import { type Tolerance, toleranceOf } from './compare.js';
import type { GradientCase } from './gradient-case.js';
import type { SupportReport } from './support.js';

/** The two functions that the suite asks of a test runner; vitest, node:test, mocha and others have them. */
export interface Runner {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
}

/** Options of `conformance`. */
export interface ConformanceOptions extends Runner {
  /** Heading of the tests and name in the support table; default the name of the backend. */
  name?: string;
  /** Tests not to run, each with its reason: keys are `function`, `dtype` or `function dtype`. */
  exclude?: Readonly<Record<string, string>>;
  /** Wider tolerance, as a factor, for elementwise functions that a device computes with fewer bits: `{ float32: { sin: 100 } }`. */
  tolerance?: Partial<Record<DType, Readonly<Record<string, number>>>>;
  /** Further functions whose derivatives are checked. */
  gradients?: readonly GradientCase[];
  /** Asks the garbage collector to run, where the host can. */
  collectGarbage?: () => void | Promise<void>;
  /** Receives the outcome of every test. */
  report?: SupportReport;
  /** Steps of the long loop. Default 1000. */
  steps?: number;
}

/** One run of the suite over one backend. */
export class Suite {
  readonly device: Device;
  readonly dtypes: readonly DType[];

  constructor(
    readonly backend: Backend,
    readonly options: ConformanceOptions,
  ) {
    this.device = useBackend(backend, this.name);
    this.dtypes = dtypes.filter(dtype => backend.supports('map', dtype));
    for (const dtype of dtypes)
      if (!this.dtypes.includes(dtype)) this.options.report?.exclude('all', dtype, this.name, 'the device lacks it');
  }

  get name(): string {
    return this.options.name ?? this.backend.name;
  }

  /** Dtypes of the device that hold fractions. */
  get floats(): readonly DType[] {
    return this.dtypes.filter(isFloat);
  }

  /** A second device around the same backend, with its own memory manager. */
  fresh(suffix: string): Device {
    const device = useBackend(this.backend, `${this.name} ${suffix}`);
    setDevice(this.device);
    return device;
  }

  group(name: string, body: () => void): void {
    this.options.describe(name, body);
  }

  /** Registers a test of a function for a dtype. */
  test(name: string, dtype: DType | undefined, body: () => Promise<void>, detail = ''): void {
    const reason = this.#exclusion(name, dtype);
    const { report } = this.options;
    if (reason !== undefined) {
      report?.exclude(name, dtype, this.name, reason);
      return;
    }
    const title = [name, dtype, detail].filter(part => part !== undefined && part !== '').join(' ');
    this.options.it(title, async () => {
      setDevice(this.device);
      try {
        await body();
        report?.pass(name, dtype, this.name);
      } catch (error) {
        report?.fail(name, dtype, this.name, error instanceof Error ? error.message : String(error));
        throw error;
      } finally {
        setImmediateMode(false);
      }
    });
  }

  /** Tolerance for a function; `factor` says how ill-conditioned it is. */
  tolerance(name: string, dtype: DType, factor = 1): Tolerance {
    return toleranceOf(dtype, factor * (this.options.tolerance?.[dtype]?.[name] ?? 1));
  }

  #exclusion(name: string, dtype: DType | undefined): string | undefined {
    const { exclude = {} } = this.options;
    return exclude[name] ?? (dtype === undefined ? undefined : (exclude[dtype] ?? exclude[`${name} ${dtype}`]));
  }
}
