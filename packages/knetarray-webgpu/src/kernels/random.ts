/** Random elements: Philox 4x32-10 with the bits of the random module of @knet/knetarray. */
import { type Distribution, sizeOf, type View } from '@knet/knetarray';
import type { Context } from '../context.js';
import { param } from '../params.js';
import { Shader } from '../shader.js';
import { storageOf } from '../views.js';
import { operation, operationLibrary } from '../wgsl/operations.js';
import { philoxFunction } from '../wgsl/philox.js';

/** Threads of a workgroup; each makes the elements of one counter. */
const threads = 64;
const perCounter = 4;

/** The random kernel of a device. */
export class RandomKernel {
  readonly #shaders: Readonly<Record<Distribution, Shader>>;

  constructor(private readonly context: Context) {
    const shader = (distribution: Distribution): Shader =>
      new Shader(`random ${distribution}`, [], ['f32'], ([output]) => randomCode(distribution, output!.name));
    this.#shaders = { uniform: shader('uniform'), normal: shader('normal') };
  }

  run(distribution: Distribution, [key0, key1]: readonly [number, number], output: View): void {
    const { queue } = this.context;
    const size = sizeOf(output.shape);
    if (size === 0) return;
    queue.begin().u32(size).u32(output.offset).u32(key0).u32(key1);
    queue.dispatch(this.#shaders[distribution], [storageOf(output.storage)], Math.ceil(size / (threads * perCounter)));
  }
}

/** Counters fit in one word, since an array has less than 2^32 elements. */
function randomCode(distribution: Distribution, output: string): string {
  return `
${distribution === 'normal' ? normalFunction() : ''}
${philoxFunction}
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let counter = (group.y * groups.x + group.x) * ${threads}u + lane;
  let begin = counter * ${perCounter}u;
  if (begin >= ${param(0)}) { return; }
  let words = philox(vec4<u32>(counter, 0u, 0u, 0u), vec2<u32>(${param(2)}, ${param(3)}));
  let uniforms = vec4<f32>(words >> vec4<u32>(8u)) * ${2 ** -24};
  var x = ${distribution === 'normal' ? 'vec4<f32>(normal(uniforms.xy), normal(uniforms.zw))' : 'uniforms'};
  for (var k = 0u; k < min(${perCounter}u, ${param(0)} - begin); k++) { ${output}[${param(1)} + begin + k] = x[k]; }
}`;
}

/** The transform of Box and Muller. Both 1 - u and 2 v are exact. */
function normalFunction(): string {
  const of = (op: 'sqrt' | 'log' | 'cospi' | 'sinpi', x: string): string => operation(op, 'float32', [x]);
  return `
${operationLibrary('float32', ['sqrt', 'log', 'cospi', 'sinpi'])}
fn normal(u: vec2<f32>) -> vec2<f32> {
  let rest = 1.0 - u.x;
  let square = -2.0 * ${of('log', 'rest')};
  let r = ${of('sqrt', 'square')};
  let turns = 2.0 * u.y;
  return vec2<f32>(r * ${of('cospi', 'turns')}, r * ${of('sinpi', 'turns')});
}`;
}
