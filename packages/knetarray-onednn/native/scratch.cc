#include "scratch.h"

#include <cstdlib>
#include <new>

namespace knet {
namespace {

// Grows only, with the largest that was asked for; freed when the thread ends.
struct Piece {
  void* data = nullptr;
  size_t bytes = 0;
  ~Piece() { std::free(data); }
};

}  // namespace

void* scratch(Scratch use, size_t bytes) {
  static thread_local Piece pieces[static_cast<int>(Scratch::count)];
  Piece& piece = pieces[static_cast<int>(use)];
  if (piece.bytes < bytes) {
    std::free(piece.data);
    piece.bytes = 0;
    const size_t rounded = (bytes + 4095) / 4096 * 4096;
    piece.data = std::aligned_alloc(4096, rounded);
    if (piece.data == nullptr) throw std::bad_alloc();
    piece.bytes = rounded;
  }
  return piece.data;
}

}  // namespace knet
