/** Elementwise operations over blocks of registers in TypeScript: the common ones as loops of their own, the rest through scalar functions. */
import { type OpName, scalarFunction, type TypedArray } from '@knet/knetarray';

/** Runs one operation on `n` elements: `out[o + i] = op(a[p + i * as], b[q + i * bs], ...)`; a step of 0 repeats a scalar. */
export type BlockOperation = (
  n: number,
  out: TypedArray,
  o: number,
  a: TypedArray,
  p: number,
  as: number,
  b: TypedArray,
  q: number,
  bs: number,
  c: TypedArray,
  r: number,
  cs: number,
) => void;

function unary(f: (x: number) => number): BlockOperation {
  return (n, out, o, a, p, as) => {
    for (let i = 0; i < n; i++, p += as) out[o + i] = f(a[p]!);
  };
}

function binary(f: (a: number, b: number) => number): BlockOperation {
  return (n, out, o, a, p, as, b, q, bs) => {
    for (let i = 0; i < n; i++, p += as, q += bs) out[o + i] = f(a[p]!, b[q]!);
  };
}

/** The common operations, as loops that the engine compiles well. */
const loops: Readonly<Partial<Record<OpName, BlockOperation>>> = {
  copy: (n, out, o, a, p, as) => {
    for (let i = 0; i < n; i++, p += as) out[o + i] = a[p]!;
  },
  neg: (n, out, o, a, p, as) => {
    for (let i = 0; i < n; i++, p += as) out[o + i] = -a[p]!;
  },
  add: (n, out, o, a, p, as, b, q, bs) => {
    for (let i = 0; i < n; i++, p += as, q += bs) out[o + i] = a[p]! + b[q]!;
  },
  sub: (n, out, o, a, p, as, b, q, bs) => {
    for (let i = 0; i < n; i++, p += as, q += bs) out[o + i] = a[p]! - b[q]!;
  },
  mul: (n, out, o, a, p, as, b, q, bs) => {
    // Products of int32 wrap like machine integers; float64 would lose their low bits.
    if (out instanceof Int32Array) for (let i = 0; i < n; i++, p += as, q += bs) out[o + i] = Math.imul(a[p]!, b[q]!);
    else for (let i = 0; i < n; i++, p += as, q += bs) out[o + i] = a[p]! * b[q]!;
  },
  div: (n, out, o, a, p, as, b, q, bs) => {
    for (let i = 0; i < n; i++, p += as, q += bs) out[o + i] = a[p]! / b[q]!;
  },
  abs2: (n, out, o, a, p, as) => {
    if (out instanceof Int32Array) for (let i = 0; i < n; i++, p += as) out[o + i] = Math.imul(a[p]!, a[p]!);
    else for (let i = 0; i < n; i++, p += as) out[o + i] = a[p]! * a[p]!;
  },
  sqrt: (n, out, o, a, p, as) => {
    for (let i = 0; i < n; i++, p += as) out[o + i] = Math.sqrt(a[p]!);
  },
  max: (n, out, o, a, p, as, b, q, bs) => {
    for (let i = 0; i < n; i++, p += as, q += bs) out[o + i] = Math.max(a[p]!, b[q]!);
  },
  min: (n, out, o, a, p, as, b, q, bs) => {
    for (let i = 0; i < n; i++, p += as, q += bs) out[o + i] = Math.min(a[p]!, b[q]!);
  },
  gt: (n, out, o, a, p, as, b, q, bs) => {
    for (let i = 0; i < n; i++, p += as, q += bs) out[o + i] = a[p]! > b[q]! ? 1 : 0;
  },
  eq: (n, out, o, a, p, as, b, q, bs) => {
    for (let i = 0; i < n; i++, p += as, q += bs) out[o + i] = a[p]! === b[q]! ? 1 : 0;
  },
  where: (n, out, o, a, p, as, b, q, bs, c, r, cs) => {
    for (let i = 0; i < n; i++, p += as, q += bs, r += cs) out[o + i] = a[p]! !== 0 ? b[q]! : c[r]!;
  },
};

const made = /* @__PURE__ */ new Map<OpName, BlockOperation>();

/**
 * The block operation of an elementwise operation with this many operands.
 * @throws TypeError for an operation whose function was never made
 */
export function blockOperation(op: OpName, operands: number): BlockOperation {
  const known = loops[op] ?? made.get(op);
  if (known !== undefined) return known;
  const scalar = scalarFunction(op);
  if (scalar === undefined) throw new TypeError(`cpu: no implementation of '${op}'; import the function of this name from @knet/knetarray`);
  const operation = operands === 1 ? unary(scalar) : binary(scalar);
  made.set(op, operation);
  return operation;
}
