// Uniform and normal elements from words.
#include "isa/box-muller.h"
#include "isa/philox.h"

namespace knet::KNET_ISA {
namespace {

// Blocks made at a time: their words stay in the first-level cache until they are used.
constexpr int64_t pieceBlocks = 256;
constexpr int64_t pieceWords = 4 * pieceBlocks;

// The uniform elements of words: multiples of 2^-24 from one each, or of 2^-53 from two.
inline float uniform(const uint32_t* words, int64_t i, float) { return static_cast<float>(static_cast<int32_t>(words[i] >> 8)) * 0x1p-24f; }
inline double uniform(const uint32_t* words, int64_t i, double) {
  const int32_t high = static_cast<int32_t>(words[2 * i] >> 5), low = static_cast<int32_t>(words[2 * i + 1] >> 6);
  return (high * 0x1p26 + low) * 0x1p-53;
}

// Calls f(words, at, n) for each piece of n elements.
template <class T, class F>
void forEachPiece(PhiloxKey key, int64_t first, int64_t count, F f) {
  alignas(64) uint32_t words[pieceWords];
  constexpr int64_t perWord = sizeof(T) / 4, piece = pieceWords / perWord;
  for (int64_t at = 0; at < count; at += piece) {
    const int64_t n = count - at < piece ? count - at : piece;
    philox(key, static_cast<uint64_t>((first + at) * perWord / 4), (n * perWord + 3) / 4, words);
    f(words, at, n);
  }
}

template <class T>
void uniforms(PhiloxKey key, int64_t first, int64_t count, T* out) {
  forEachPiece<T>(key, first, count, [out](const uint32_t* words, int64_t at, int64_t n) {
    for (int64_t i = 0; i < n; i++) out[at + i] = uniform(words, i, T());
  });
}

template <class T>
void normals(PhiloxKey key, int64_t first, int64_t count, T* out) {
  forEachPiece<T>(key, first, count, [out](const uint32_t* words, int64_t at, int64_t n) {
    for (int64_t i = 0; i < n; i += 2 * doubles) {
      Doubles u, v;
      for (int l = 0; l < doubles; l++) {
        u[l] = uniform(words, i + 2 * l, T());
        v[l] = uniform(words, i + 2 * l + 1, T());
      }
      boxMuller(u, v);
      T pairs[2 * doubles];
      for (int l = 0; l < doubles; l++) {
        pairs[2 * l] = static_cast<T>(u[l]);
        pairs[2 * l + 1] = static_cast<T>(v[l]);
      }
      const int64_t rest = n - i < 2 * doubles ? n - i : 2 * doubles;
      for (int64_t l = 0; l < rest; l++) out[at + i + l] = pairs[l];
    }
  });
}

}  // namespace

void fillUniform(PhiloxKey key, int64_t first, int64_t count, float* out) { uniforms(key, first, count, out); }
void fillUniform(PhiloxKey key, int64_t first, int64_t count, double* out) { uniforms(key, first, count, out); }
void fillNormal(PhiloxKey key, int64_t first, int64_t count, float* out) { normals(key, first, count, out); }
void fillNormal(PhiloxKey key, int64_t first, int64_t count, double* out) { normals(key, first, count, out); }

}  // namespace knet::KNET_ISA
