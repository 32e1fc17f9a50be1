// A vector of float32 in the widest registers of the instruction set, with what elementary functions need. Write a product that
// is added to something as `fma`: left to the compiler, it could be fused in one loop and not in another, and bits would differ.
#pragma once

// GCC 12 takes what its own intrinsics leave undefined for mistakes.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop

#include <cstdint>

namespace knet::KNET_ISA {
namespace {

#ifdef __AVX512F__

using F = __m512;
// One truth value per element.
using Mask = __mmask16;
constexpr int width = 16;

inline F set(float x) { return _mm512_set1_ps(x); }
inline F load(const float* p) { return _mm512_loadu_ps(p); }
inline void store(float* p, F x) { _mm512_storeu_ps(p, x); }
inline Mask firstOf(int64_t n) { return static_cast<Mask>((1u << n) - 1); }
inline F loadFirst(const float* p, int64_t n) { return _mm512_maskz_loadu_ps(firstOf(n), p); }
inline void storeFirst(float* p, F x, int64_t n) { _mm512_mask_storeu_ps(p, firstOf(n), x); }

inline F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
// c - a b
inline F fnma(F a, F b, F c) { return _mm512_fnmadd_ps(a, b, c); }
inline F sqrt(F x) { return _mm512_sqrt_ps(x); }
// The second operand if one is NaN or both are zeros.
inline F maxOrSecond(F a, F b) { return _mm512_max_ps(a, b); }
inline F minOrSecond(F a, F b) { return _mm512_min_ps(a, b); }
template <int mode>
F rounded(F x) {
  return _mm512_roundscale_ps(x, mode | _MM_FROUND_NO_EXC);
}

inline Mask less(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
inline Mask lessEqual(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
inline Mask equal(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
inline Mask notEqual(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ); }
inline Mask unordered(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q); }
inline Mask both(Mask a, Mask b) { return static_cast<Mask>(a & b); }
inline bool any(Mask m) { return m != 0; }
inline bool at(Mask m, int i) { return ((m >> i) & 1) != 0; }
inline F select(Mask m, F yes, F no) { return _mm512_mask_blend_ps(m, no, yes); }
// x where the mask holds, else 0.
inline F keep(Mask m, F x) { return _mm512_maskz_mov_ps(m, x); }

inline F signOf(F x) { return _mm512_and_ps(x, set(-0.0f)); }
inline F abs(F x) { return _mm512_andnot_ps(set(-0.0f), x); }
inline F orBits(F a, F b) { return _mm512_or_ps(a, b); }
inline F andBits(F a, F b) { return _mm512_and_ps(a, b); }
inline F xorBits(F a, F b) { return _mm512_xor_ps(a, b); }
// Bits as whole numbers, shifted to the left.
template <int by>
F shiftLeft(F x) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(x), by));
}
inline F addBits(F a, F b) { return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), _mm512_castps_si512(b))); }

// x 2^n for a whole n of any size.
inline F scale(F x, F n) { return _mm512_scalef_ps(x, n); }

// x = m 2^e with m in [sqrt(1/2), sqrt(2)); e is -Infinity for 0, both are NaN below it.
inline void split(F x, F& m, F& e) {
  m = _mm512_getmant_ps(x, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_nan);
  e = _mm512_getexp_ps(x);
  const Mask large = less(set(1.41421356f), m);
  m = _mm512_mask_mul_ps(m, large, m, set(0.5f));
  e = _mm512_mask_add_ps(e, large, e, set(1.0f));
}

// a / b for b in [1, 2^100] and a in [-b, b], to the last bit but for rare ones.
inline F quotient(F a, F b) {
  F y = _mm512_rcp14_ps(b);
  y = fma(y, fnma(b, y, set(1.0f)), y);
  const F q = _mm512_mul_ps(a, y);
  return fma(fnma(q, b, a), y, q);
}

#else

using F = __m256;
using Mask = __m256;
constexpr int width = 8;

inline F set(float x) { return _mm256_set1_ps(x); }
inline F load(const float* p) { return _mm256_loadu_ps(p); }
inline void store(float* p, F x) { _mm256_storeu_ps(p, x); }
inline __m256i firstOf(int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline F loadFirst(const float* p, int64_t n) { return _mm256_maskload_ps(p, firstOf(n)); }
inline void storeFirst(float* p, F x, int64_t n) { _mm256_maskstore_ps(p, firstOf(n), x); }

inline F fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
inline F fnma(F a, F b, F c) { return _mm256_fnmadd_ps(a, b, c); }
inline F sqrt(F x) { return _mm256_sqrt_ps(x); }
inline F maxOrSecond(F a, F b) { return _mm256_max_ps(a, b); }
inline F minOrSecond(F a, F b) { return _mm256_min_ps(a, b); }
template <int mode>
F rounded(F x) {
  return _mm256_round_ps(x, mode | _MM_FROUND_NO_EXC);
}

inline Mask less(F a, F b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
inline Mask lessEqual(F a, F b) { return _mm256_cmp_ps(a, b, _CMP_LE_OQ); }
inline Mask equal(F a, F b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
inline Mask notEqual(F a, F b) { return _mm256_cmp_ps(a, b, _CMP_NEQ_UQ); }
inline Mask unordered(F a, F b) { return _mm256_cmp_ps(a, b, _CMP_UNORD_Q); }
inline Mask both(Mask a, Mask b) { return _mm256_and_ps(a, b); }
inline bool any(Mask m) { return _mm256_movemask_ps(m) != 0; }
inline bool at(Mask m, int i) { return ((_mm256_movemask_ps(m) >> i) & 1) != 0; }
inline F select(Mask m, F yes, F no) { return _mm256_blendv_ps(no, yes, m); }
inline F keep(Mask m, F x) { return _mm256_and_ps(m, x); }

inline F signOf(F x) { return _mm256_and_ps(x, set(-0.0f)); }
inline F abs(F x) { return _mm256_andnot_ps(set(-0.0f), x); }
inline F orBits(F a, F b) { return _mm256_or_ps(a, b); }
inline F andBits(F a, F b) { return _mm256_and_ps(a, b); }
inline F xorBits(F a, F b) { return _mm256_xor_ps(a, b); }
template <int by>
F shiftLeft(F x) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(x), by));
}
inline F addBits(F a, F b) { return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), _mm256_castps_si256(b))); }

// In two factors, so that neither overflows for |n| up to 250 and results may be subnormal.
inline F scale(F x, F n) {
  const __m256i whole = _mm256_cvtps_epi32(n);
  const __m256i half = _mm256_srai_epi32(whole, 1);
  const auto power = [](__m256i k) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(k, _mm256_set1_epi32(127)), 23)); };
  return x * power(half) * power(_mm256_sub_epi32(whole, half));
}

inline void split(F x, F& m, F& e) {
  // Subnormal numbers get their leading bit first.
  const Mask tiny = less(x, set(1.17549435e-38f));
  const F y = select(tiny, x * set(8388608.0f), x);
  const __m256i bits = _mm256_castps_si256(y);
  const __m256i from = _mm256_set1_epi32(0x3f3504f3);
  const __m256i exponent = _mm256_srai_epi32(_mm256_sub_epi32(bits, from), 23);
  m = _mm256_castsi256_ps(_mm256_sub_epi32(bits, _mm256_slli_epi32(exponent, 23)));
  e = _mm256_cvtepi32_ps(exponent) - keep(tiny, set(23.0f));
  const F infinity = set(__builtin_inff());
  const Mask edge = equal(abs(x), keep(notEqual(x, set(0.0f)), infinity));
  m = select(edge, set(1.0f), m);
  e = select(edge, select(equal(x, set(0.0f)), set(-__builtin_inff()), infinity), e);
  const Mask invalid = _mm256_cmp_ps(x, set(0.0f), _CMP_NGE_UQ);
  m = select(invalid, set(__builtin_nanf("")), m);
}

inline F quotient(F a, F b) { return _mm256_div_ps(a, b); }

#endif

// 1.5 2^23: added to a small number it leaves the nearest whole number in the low bits.
constexpr float magic = 12582912.0f;

}  // namespace
}  // namespace knet::KNET_ISA
