// Matrix products by tiles: a block brings pieces of both matrices to shared memory, and each thread adds up a few rows and columns.
#pragma once

#include "../operations.h"
#include "matmul_plan.h"

namespace knet {

// What a kernel is to compute; R is what it computes in.
template <class T>
struct Job {
  using R = Compute<T>;
  const T* a;
  const T* b;
  T* output;
  Matrix aLayout, bLayout, outputLayout;
  int64_t m, n, k;
  R alpha, beta;
  // Of the sums, and where to leave them when there are several: [m, n, parts, batches].
  int64_t parts, terms;
  R* partial;
  // The first matrix of the batch that this launch computes.
  int64_t first;
  Batches batches;
};

// A finished sum goes into the output.
template <class T>
__device__ void finish(const Job<T>& job, T* place, Compute<T> sum) {
  using A = Arithmetic<Compute<T>>;
  const Compute<T> scaled = A::mul(job.alpha, sum);
  *place = static_cast<T>(job.beta == 0 ? scaled : A::add(scaled, A::mul(job.beta, static_cast<Compute<T>>(*place))));
}

// Neighbouring elements, which one instruction reads.
template <class R, int width>
struct alignas(width * sizeof(R)) Pack {
  R element[width];
};
template <class R>
inline constexpr int packWidth = 16 / static_cast<int>(sizeof(R));

// Brings pieces of a matrix, `lines` rows of a or columns of b and `depth` terms, from memory by way of registers.
template <class T, int lines, int depth, int threads>
struct Carrier {
  static constexpr int count = (lines * depth + threads - 1) / threads;
  static_assert(threads % lines == 0 && threads % depth == 0, "threads carry whole lines or levels together");
  static_assert(lines * depth % threads == 0 || count == 1, "every thread carries as many elements, or one or none");
  const T* next;
  int64_t roundStep, pieceStep;
  int line, level, lineStep, levelStep;
  int linesLeft, levelsLeft;
  bool carries;
  T held[count];

  // Elements between neighbouring lines and levels; the lines and levels that there are.
  __device__ Carrier(const T* data, int64_t lineStride, int64_t levelStride, int64_t lineCount, int levelCount) {
    const int thread = static_cast<int>(threadIdx.x);
    // Neighbouring threads read what are neighbours in memory.
    const bool alongLines = lineStride == 1 || (levelStride != 1 && size(lineStride) <= size(levelStride));
    line = alongLines ? thread % lines : thread / depth;
    level = alongLines ? thread / lines : thread % depth;
    lineStep = alongLines ? 0 : threads / depth;
    levelStep = alongLines ? threads / lines : 0;
    next = data + line * lineStride + level * levelStride;
    roundStep = lineStep * lineStride + levelStep * levelStride;
    pieceStep = depth * levelStride;
    linesLeft = static_cast<int>(lineCount < lines ? lineCount : lines);
    levelsLeft = levelCount;
    carries = line < lines && level < depth;
  }

  __device__ static int64_t size(int64_t stride) { return stride < 0 ? -stride : stride; }

  __device__ void load() {
    const T* from = next;
    KNET_UNROLL
    for (int r = 0; r < count; r++) {
      const bool inside = line + r * lineStep < linesLeft && level + r * levelStep < levelsLeft;
      held[r] = inside ? *from : T{};
      from += roundStep;
    }
    next += pieceStep;
    levelsLeft -= depth;
  }

  template <class Packs>
  __device__ void store(Packs& packs) const {
    constexpr int width = sizeof(packs[0][0].element) / sizeof(packs[0][0].element[0]);
    if (lines * depth < threads && !carries) return;
    KNET_UNROLL
    for (int r = 0; r < count; r++) {
      const int at = line + r * lineStep;
      packs[level + r * levelStep][at / width].element[at % width] = static_cast<Compute<T>>(held[r]);
    }
  }
};

template <class T, class Shape>
__global__ void __launch_bounds__(Shape::threads, Shape::blocksEach) tileKernel(const Job<T> job) {
  using R = Compute<T>;
  using A = Arithmetic<R>;
  constexpr int rows = Shape::threadRows, columns = Shape::threadColumns, depth = Shape::depth;
  constexpr int across = Shape::rows / rows, down = Shape::columns / columns;
  constexpr int wide = packWidth<R> < rows ? packWidth<R> : rows, high = packWidth<R> < columns ? packWidth<R> : columns;
  // One is filled while the other is used. The last pack of a line keeps columns of it out of one bank.
  KNET_SHARED Pack<R, wide> left[2][depth][Shape::rows / wide + 1];
  KNET_SHARED Pack<R, high> right[2][depth][Shape::columns / high + 1];

  // Which tile, part of the sums and matrix of the batch this block computes.
  const unsigned tilesDown = static_cast<unsigned>((job.m + Shape::rows - 1) / Shape::rows);
  const unsigned tilesAcross = static_cast<unsigned>((job.n + Shape::columns - 1) / Shape::columns);
  const unsigned parts = static_cast<unsigned>(job.parts);
  const unsigned tileDown = blockIdx.x % tilesDown, rest = blockIdx.x / tilesDown;
  const unsigned tileAcross = rest % tilesAcross, part = rest / tilesAcross % parts;
  const int64_t batch = job.first + rest / tilesAcross / parts, from = part * job.terms;
  const int64_t row = int64_t{tileDown} * Shape::rows, column = int64_t{tileAcross} * Shape::columns;
  const int terms = static_cast<int>(job.k - from < job.terms ? job.k - from : job.terms);
  int64_t offsets[3];
  job.batches.find(batch, offsets);
  // Where the results go is not needed before the end: it need not take a register until then.
  KNET_SHARED int64_t start;
  if (threadIdx.x == 0) start = job.parts > 1 ? (batch * job.parts + part) * job.m * job.n : offsets[2];

  Carrier<T, Shape::rows, depth, Shape::threads> a(job.a + offsets[0] + row * job.aLayout.down + from * job.aLayout.along,
                                                   job.aLayout.down, job.aLayout.along, job.m - row, terms);
  Carrier<T, Shape::columns, depth, Shape::threads> b(job.b + offsets[1] + column * job.bLayout.along + from * job.bLayout.down,
                                                      job.bLayout.along, job.bLayout.down, job.n - column, terms);
  const int x = static_cast<int>(threadIdx.x) % across, y = static_cast<int>(threadIdx.x) / across;
  R sums[columns][rows] = {};
  a.load();
  b.load();
  a.store(left[0]);
  b.store(right[0]);
  __syncthreads();
  const int pieces = (terms + depth - 1) / depth;
  for (int piece = 0; piece < pieces; piece++) {
    const int now = piece & 1;
    if (piece + 1 < pieces) {
      a.load();
      b.load();
    }
    KNET_UNROLL
    for (int l = 0; l < depth; l++) {
      Pack<R, wide> u[rows / wide];
      Pack<R, high> v[columns / high];
      KNET_UNROLL
      for (int p = 0; p < rows / wide; p++) u[p] = left[now][l][p * across + x];
      KNET_UNROLL
      for (int p = 0; p < columns / high; p++) v[p] = right[now][l][p * down + y];
      KNET_UNROLL
      for (int j = 0; j < columns; j++) {
        KNET_UNROLL
        for (int i = 0; i < rows; i++)
          sums[j][i] = A::add(sums[j][i], A::mul(u[i / wide].element[i % wide], v[j / high].element[j % high]));
      }
    }
    if (piece + 1 < pieces) {
      a.store(left[now ^ 1]);
      b.store(right[now ^ 1]);
      __syncthreads();
    }
  }

  KNET_UNROLL
  for (int j = 0; j < columns; j++) {
    const int64_t c = column + (j / high * down + y) * high + j % high;
    KNET_UNROLL
    for (int i = 0; i < rows; i++) {
      const int64_t r = row + (i / wide * across + x) * wide + i % wide;
      if (r >= job.m || c >= job.n) continue;
      if (job.parts > 1) job.partial[start + c * job.m + r] = sums[j][i];
      else finish(job, job.output + start + r * job.outputLayout.down + c * job.outputLayout.along, sums[j][i]);
    }
  }
}

}  // namespace knet
