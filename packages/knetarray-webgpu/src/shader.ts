/** Shaders: WGSL with typed operands, compiled once for each way in which operands share memory. */
import { computeStage } from './gpu.js';
import { NumbersMap } from './numbers-map.js';
import { maxParamBytes } from './params.js';
import type { GpuStorage } from './storage.js';

/** Type of the elements of an operand as WGSL sees them. */
export type ElementType = 'f32' | 'i32' | 'u32' | 'f16' | 'vec4<f32>' | 'vec2<f32>' | 'atomic<u32>' | 'atomic<i32>';

/** An operand as WGSL code names it. */
export interface Operand {
  /** Name of the array. */
  readonly name: string;
  readonly type: ElementType;
  /** Where it may lie in one of several slabs: expression of the number of its slab. */
  readonly slot?: string;
}

/** Makes the code of a module from its operands, inputs first. The entry point is called `main`; `u` holds the parameters. */
export type Code = (operands: readonly Operand[]) => string;

/** A module with its pipeline, for one way in which operands share memory. */
export interface Variant {
  readonly pipeline: GPUComputePipeline;
  readonly layout: Layout;
  /** For each binding, the operand that it shows. */
  readonly shown: readonly number[];
}

/**
 * One compute shader. Within a dispatch a buffer may not be both a read-only and a writable binding, and writable bindings may not
 * overlap. So an input that lies beside an output in one buffer is bound writable, and operands in the same storage are one binding.
 */
export class Shader {
  readonly #variants = new Map<number | string, Variant>();

  constructor(
    /** Shown by profilers and in messages. */
    readonly name: string,
    readonly inputs: readonly ElementType[],
    readonly outputs: readonly ElementType[],
    readonly code: Code,
    /** WGSL extensions to enable. */
    readonly extensions: readonly string[] = [],
  ) {}

  /** The variant for these operands. */
  variant(compiler: Compiler, operands: readonly GpuStorage[]): Variant {
    const count = this.inputs.length;
    let outputShared = false;
    for (let k = count; k < operands.length; k++) outputShared ||= operands[k]!.shared;
    // Per operand: 0 for a read-only binding, 1 for a writable one, 2 + j for the binding of operand j.
    const short = operands.length <= 12;
    let key: number | string = short ? 0 : '';
    for (let k = 0; k < operands.length; k++) {
      const storage = operands[k]!;
      let access = k < count ? 0 : 1;
      if (k < count && ((outputShared && storage.shared) || operands.indexOf(storage, count) >= 0)) access = 1;
      const first = operands.indexOf(storage);
      // Writable operands in one storage have to be one binding, the others may be where they have one type, and bindings are few.
      if (first < k && (access === 1 || this.inputs[first] === this.inputs[k])) access = 2 + first;
      key = typeof key === 'number' ? key * 16 + access : key + String.fromCharCode(access);
    }
    let variant = this.#variants.get(key);
    if (variant === undefined) {
      variant = this.#compile(compiler, key, operands.length);
      this.#variants.set(key, variant);
    }
    return variant;
  }

  #compile(compiler: Compiler, key: number | string, count: number): Variant {
    const types = [...this.inputs, ...this.outputs];
    const accesses = types.map((_, k) => (typeof key === 'string' ? key.charCodeAt(k) : Math.floor(key / 16 ** (count - 1 - k)) % 16));
    const shown = types.flatMap((_, k) => (accesses[k]! < 2 ? [k] : []));
    const bindingOf = (k: number): number => shown.indexOf(accesses[k]! < 2 ? k : accesses[k]! - 2);
    // Operands in one storage have one type, but for outputs in bytes, which are written as atomics.
    const bindingTypes = shown.map(k => {
      const all = types.filter((_, j) => bindingOf(j) === bindingOf(k));
      return all.find(type => type.startsWith('atomic')) ?? all[0]!;
    });
    const declarations = shown.map(
      (k, b) => `@group(0) @binding(${b + 1}) var<storage, ${accesses[k] === 0 ? 'read' : 'read_write'}> b${b}: array<${bindingTypes[b]}>;`,
    );
    const operands = types.map((_, k) => ({ name: `b${bindingOf(k)}`, type: bindingTypes[bindingOf(k)]! }));
    const source = [
      ...this.extensions.map(name => `enable ${name};`),
      ...(bindingTypes.includes('f16') ? ['enable f16;'] : []),
      `@group(0) @binding(0) var<uniform> u: array<vec4<u32>, ${maxParamBytes / 16}>;`,
      ...declarations,
      this.code(operands),
    ].join('\n');
    const layout = compiler.layout(shown.map(k => (accesses[k] === 0 ? 'r' : 'w')).join(''));
    return { pipeline: compiler.pipeline(this.name, source, layout), layout, shown };
  }
}

/** A layout of storage bindings, with the bind groups made for it. */
export class Layout {
  readonly pipelineLayout: GPUPipelineLayout;
  readonly #layout: GPUBindGroupLayout;
  /** By the numbers of their storages. Groups of released storages are never asked for again. */
  readonly #groups = new NumbersMap<GPUBindGroup>();

  constructor(
    private readonly device: GPUDevice,
    private readonly uniforms: GPUBuffer,
    accesses: string,
  ) {
    // One group with all: setting a second one would take a fifth of what a dispatch costs.
    this.#layout = device.createBindGroupLayout({
      entries: [
        { binding: 0, visibility: computeStage, buffer: { type: 'uniform', hasDynamicOffset: true } },
        ...[...accesses].map(
          (access, k): GPUBindGroupLayoutEntry => ({
            binding: k + 1,
            visibility: computeStage,
            buffer: { type: access === 'r' ? 'read-only-storage' : 'storage' },
          }),
        ),
      ],
    });
    this.pipelineLayout = device.createPipelineLayout({ bindGroupLayouts: [this.#layout] });
  }

  /** The bind group of these storages. */
  group(shown: readonly number[], operands: readonly GpuStorage[]): GPUBindGroup {
    this.#groups.begin();
    for (let b = 0; b < shown.length; b++) this.#groups.put(operands[shown[b]!]!.id);
    return this.#groups.find() ?? this.#groups.keep(this.#make(shown, operands));
  }

  #make(shown: readonly number[], operands: readonly GpuStorage[]): GPUBindGroup {
    return this.device.createBindGroup({
      layout: this.#layout,
      entries: [
        { binding: 0, resource: { buffer: this.uniforms, size: maxParamBytes } },
        ...shown.map((k, b) => {
          const { buffer, offset, bytes } = operands[k]!;
          return { binding: b + 1, resource: { buffer, offset, size: bytes } };
        }),
      ],
    });
  }
}

/** Makes layouts and pipelines of one device. */
export class Compiler {
  /** Pipelines made so far. */
  count = 0;
  readonly #layouts = new Map<string, Layout>();

  constructor(
    private readonly device: GPUDevice,
    /** Holds the parameters of dispatches. */
    private readonly uniforms: GPUBuffer,
    private readonly watch: (errors: Promise<GPUError | null>, what: string) => void,
  ) {}

  layout(accesses: string): Layout {
    let layout = this.#layouts.get(accesses);
    if (layout === undefined) {
      layout = new Layout(this.device, this.uniforms, accesses);
      this.#layouts.set(accesses, layout);
    }
    return layout;
  }

  pipeline(name: string, source: string, { pipelineLayout }: Layout): GPUComputePipeline {
    const { device } = this;
    this.count++;
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ code: source, label: name });
    const pipeline = device.createComputePipeline({ layout: pipelineLayout, compute: { module, entryPoint: 'main' }, label: name });
    this.watch(device.popErrorScope(), `the GPU refused the shader '${name}'`);
    return pipeline;
  }
}
