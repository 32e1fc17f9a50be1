// Loops over the elements of operands, made from a function of one element; the compiler makes vectors of them.
#pragma once

#include "../operations.h"

namespace knet::KNET_ISA {
namespace {

template <class T>
T* elements(char* p) {
  return reinterpret_cast<T*>(p);
}
template <class T>
const T* elements(const char* p) {
  return reinterpret_cast<const T*>(p);
}

template <class T, class F, bool s>
void unaryLoop(int64_t n, char* out, const char* a, const char*, const char*) {
  T* const o = elements<T>(out);
  const T* const x = elements<T>(a);
  if constexpr (s) {
    const T y = F::apply(*x);
    for (int64_t i = 0; i < n; i++) o[i] = y;
  } else {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; i++) o[i] = F::apply(x[i]);
  }
}

template <class T, class F, bool sa, bool sb>
void binaryLoop(int64_t n, char* out, const char* a, const char* b, const char*) {
  T* const o = elements<T>(out);
  const T *const x = elements<T>(a), *const y = elements<T>(b);
  const T x0 = *x, y0 = *y;
#pragma GCC ivdep
  for (int64_t i = 0; i < n; i++) o[i] = F::apply(sa ? x0 : x[i], sb ? y0 : y[i]);
}

template <class T, bool sa, bool sb, bool sc>
void whereLoop(int64_t n, char* out, const char* a, const char* b, const char* c) {
  T* const o = elements<T>(out);
  const T *const x = elements<T>(a), *const y = elements<T>(b), *const z = elements<T>(c);
  const T x0 = *x, y0 = *y, z0 = *z;
#pragma GCC ivdep
  for (int64_t i = 0; i < n; i++) {
    const T yes = sb ? y0 : y[i], no = sc ? z0 : z[i];
    o[i] = (sa ? x0 : x[i]) != 0 ? yes : no;
  }
}

// The loops of an operation for each set of operands that are one number; bit k of `uniform` stands for operand k.
template <class T, class F>
Loop unaryOf(int uniform) {
  return uniform == 0 ? unaryLoop<T, F, false> : unaryLoop<T, F, true>;
}
template <class T, class F>
Loop binaryOf(int uniform) {
  static constexpr Loop loops[] = {binaryLoop<T, F, false, false>, binaryLoop<T, F, true, false>, binaryLoop<T, F, false, true>,
                                   binaryLoop<T, F, true, true>};
  return loops[uniform];
}
template <class T>
Loop whereOf(int uniform) {
  static constexpr Loop loops[] = {whereLoop<T, false, false, false>, whereLoop<T, true, false, false>, whereLoop<T, false, true, false>,
                                   whereLoop<T, true, true, false>,   whereLoop<T, false, false, true>, whereLoop<T, true, false, true>,
                                   whereLoop<T, false, true, true>,   whereLoop<T, true, true, true>};
  return loops[uniform];
}

}  // namespace
}  // namespace knet::KNET_ISA
