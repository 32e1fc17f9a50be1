// Interpreter of elementwise programs: every instruction runs over a whole block before the next one starts.
// An instruction is 8 i32: op, result address, then address and step (bytes per vector: 16, or 0 for a scalar) of three operands.

import { exp, expm1, log, log1p, sign, tanh } from './elementary';
import { sine } from './trigonometry';

// @ts-ignore: decorator
@external('math', 'pow')
declare function hostPow(x: f64, y: f64): f64;

// The numbers are the positions in OPERATIONS of src/wasm/program.ts.
const enum Op {
  Copy, Neg, Abs, Sign, Sqrt, Exp, Log, Log1p, Expm1, Tanh, Sin, Cos, Floor, Ceil, Round, Trunc, Square,
  Add, Sub, Mul, Div, Min, Max, Eq, Ne, Gt, Ge, Lt, Le, Pow, Where,
}

// @ts-ignore: decorator
@inline
function truth(mask: v128): v128 {
  return v128.and(mask, f32x4.splat(1));
}

// @ts-ignore: decorator
@inline
function powLane(x: f32, y: f32): f32 {
  return <f32>hostPow(x, y);
}

function pow(x: v128, y: v128): v128 {
  return f32x4(
    powLane(f32x4.extract_lane(x, 0), f32x4.extract_lane(y, 0)),
    powLane(f32x4.extract_lane(x, 1), f32x4.extract_lane(y, 1)),
    powLane(f32x4.extract_lane(x, 2), f32x4.extract_lane(y, 2)),
    powLane(f32x4.extract_lane(x, 3), f32x4.extract_lane(y, 3)),
  );
}

// `op` is a constant wherever these two are inlined.
// @ts-ignore: decorator
@inline
function unary(op: Op, x: v128): v128 {
  if (op == Op.Copy) return x;
  if (op == Op.Neg) return f32x4.neg(x);
  if (op == Op.Abs) return f32x4.abs(x);
  if (op == Op.Sign) return sign(x);
  if (op == Op.Sqrt) return f32x4.sqrt(x);
  if (op == Op.Exp) return exp(x);
  if (op == Op.Log) return log(x);
  if (op == Op.Log1p) return log1p(x);
  if (op == Op.Expm1) return expm1(x);
  if (op == Op.Tanh) return tanh(x);
  if (op == Op.Sin) return sine(x, false);
  if (op == Op.Cos) return sine(x, true);
  if (op == Op.Floor) return f32x4.floor(x);
  if (op == Op.Ceil) return f32x4.ceil(x);
  if (op == Op.Round) return f32x4.nearest(x);
  if (op == Op.Trunc) return f32x4.trunc(x);
  return f32x4.mul(x, x);
}

// @ts-ignore: decorator
@inline
function binary(op: Op, x: v128, y: v128): v128 {
  if (op == Op.Add) return f32x4.add(x, y);
  if (op == Op.Sub) return f32x4.sub(x, y);
  if (op == Op.Mul) return f32x4.mul(x, y);
  if (op == Op.Div) return f32x4.div(x, y);
  if (op == Op.Min) return f32x4.min(x, y);
  if (op == Op.Max) return f32x4.max(x, y);
  if (op == Op.Eq) return truth(f32x4.eq(x, y));
  if (op == Op.Ne) return truth(f32x4.ne(x, y));
  if (op == Op.Gt) return truth(f32x4.gt(x, y));
  if (op == Op.Ge) return truth(f32x4.ge(x, y));
  if (op == Op.Lt) return truth(f32x4.lt(x, y));
  if (op == Op.Le) return truth(f32x4.le(x, y));
  return pow(x, y);
}

// @ts-ignore: decorator
@inline
function map1(op: Op, code: usize, bytes: usize): void {
  let to: usize = i32.load(code, 4), x: usize = i32.load(code, 8);
  const xStep: usize = i32.load(code, 12);
  for (const end = to + bytes; to < end; to += 16) {
    v128.store(to, unary(op, v128.load(x)));
    x += xStep;
  }
}

// @ts-ignore: decorator
@inline
function map2(op: Op, code: usize, bytes: usize): void {
  let to: usize = i32.load(code, 4), x: usize = i32.load(code, 8), y: usize = i32.load(code, 16);
  const xStep: usize = i32.load(code, 12), yStep: usize = i32.load(code, 20);
  for (const end = to + bytes; to < end; to += 16) {
    v128.store(to, binary(op, v128.load(x), v128.load(y)));
    x += xStep;
    y += yStep;
  }
}

function choose(code: usize, bytes: usize): void {
  let to: usize = i32.load(code, 4), c: usize = i32.load(code, 8), x: usize = i32.load(code, 16), y: usize = i32.load(code, 24);
  const cStep: usize = i32.load(code, 12), xStep: usize = i32.load(code, 20), yStep: usize = i32.load(code, 28);
  for (const end = to + bytes; to < end; to += 16) {
    v128.store(to, v128.bitselect(v128.load(x), v128.load(y), f32x4.ne(v128.load(c), f32x4.splat(0))));
    c += cStep;
    x += xStep;
    y += yStep;
  }
}

/** Runs a program over blocks of `bytes` bytes, a multiple of 16. */
export function run(code: usize, instructions: i32, bytes: usize): void {
  for (; instructions > 0; instructions--) {
    switch (i32.load(code)) {
      case Op.Copy: map1(Op.Copy, code, bytes); break;
      case Op.Neg: map1(Op.Neg, code, bytes); break;
      case Op.Abs: map1(Op.Abs, code, bytes); break;
      case Op.Sign: map1(Op.Sign, code, bytes); break;
      case Op.Sqrt: map1(Op.Sqrt, code, bytes); break;
      case Op.Exp: map1(Op.Exp, code, bytes); break;
      case Op.Log: map1(Op.Log, code, bytes); break;
      case Op.Log1p: map1(Op.Log1p, code, bytes); break;
      case Op.Expm1: map1(Op.Expm1, code, bytes); break;
      case Op.Tanh: map1(Op.Tanh, code, bytes); break;
      case Op.Sin: map1(Op.Sin, code, bytes); break;
      case Op.Cos: map1(Op.Cos, code, bytes); break;
      case Op.Floor: map1(Op.Floor, code, bytes); break;
      case Op.Ceil: map1(Op.Ceil, code, bytes); break;
      case Op.Round: map1(Op.Round, code, bytes); break;
      case Op.Trunc: map1(Op.Trunc, code, bytes); break;
      case Op.Square: map1(Op.Square, code, bytes); break;
      case Op.Add: map2(Op.Add, code, bytes); break;
      case Op.Sub: map2(Op.Sub, code, bytes); break;
      case Op.Mul: map2(Op.Mul, code, bytes); break;
      case Op.Div: map2(Op.Div, code, bytes); break;
      case Op.Min: map2(Op.Min, code, bytes); break;
      case Op.Max: map2(Op.Max, code, bytes); break;
      case Op.Eq: map2(Op.Eq, code, bytes); break;
      case Op.Ne: map2(Op.Ne, code, bytes); break;
      case Op.Gt: map2(Op.Gt, code, bytes); break;
      case Op.Ge: map2(Op.Ge, code, bytes); break;
      case Op.Lt: map2(Op.Lt, code, bytes); break;
      case Op.Le: map2(Op.Le, code, bytes); break;
      case Op.Pow: map2(Op.Pow, code, bytes); break;
      case Op.Where: choose(code, bytes); break;
    }
    code += 32;
  }
}
