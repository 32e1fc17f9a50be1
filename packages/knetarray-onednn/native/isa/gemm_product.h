// Products of matrices large in both directions: which operand is packed and when, and how c is divided into tasks.
#pragma once

#include "../cache.h"
#include "../ceil_divide.h"
#include "../gemm.h"
#include "../parallel.h"
#include "../scratch.h"
#include "gemm_pack.h"

namespace knet::KNET_ISA {
namespace {

int64_t smaller(int64_t x, int64_t y) { return x < y ? x : y; }
int64_t larger(int64_t x, int64_t y) { return x > y ? x : y; }

// Multiplications that are worth a task of their own, some 10 microseconds.
constexpr int64_t taskWork = 1200000;
constexpr int64_t maxTasks = 32;
// Multiplications that are worth a task where few rows meet a large operand: they wait for memory, and two threads wait for half of it each.
constexpr int64_t thinTaskWork = 390000;
// Below so many, deciding takes longer than it can win.
constexpr int64_t smallWork = 65536;

// How an operand is brought to the micro-kernel.
enum class Access {
  direct,   // read where it is
  packed,   // by each task, for itself
  shared,   // packed as a whole before
};

template <class T>
class Product {
 public:
  // With `alone` there is one task.
  Product(int64_t m, int64_t n, int64_t k, T alpha, Matrix<const T> a, Matrix<const T> b, T beta, Matrix<T> c, bool alone = false)
      : m_(m), n_(n), k_(k), alpha_(alpha), beta_(beta), a_(a), b_(b), c_(c) {
    width_ = ceilDivide(n, ceilDivide(n, NR));
    depth_ = larger(1, ceilDivide(k, larger(1, ceilDivide(k, maxDepth(m * n, k)))));
    plan(alone);
  }

  void run() {
    if (accessA_ != Access::shared && accessB_ != Access::shared) return runTasks(0, larger(1, k_));
    // A step at a time: what all tasks of one step read stays in the caches between them.
    for (int64_t l = 0; l < k_; l += depth_) {
      packShared(l, smaller(depth_, k_ - l));
      runTasks(l, smaller(l + depth_, k_));
    }
  }

 private:
  using Kernel = Micro<T>;
  static constexpr int64_t MR = Kernel::MR, NR = Kernel::NR;
  // Steps of k at a time: a panel of b stays in the first cache, some panels of a in the second. Where c is large, reading and writing it
  // costs so much that a panel may be longer, along a long k one that fills most of the first cache. Small results stay with short sums,
  // which are rounded less.
  static int64_t maxDepth(int64_t results, int64_t k) {
    const int64_t bytes = results <= 65536 ? 1536 : k < 4096 ? 2048 : 3072;
    return bytes / static_cast<int64_t>(sizeof(T));
  }
  // Panels of a that a task packs at a time, so that they stay in the second cache.
  static constexpr int64_t blockRows = 16 * MR;
  // Multiplications from which on a packed operand is worth a parallel step of its own.
  static constexpr int64_t sharedWork = 60000000;

  int64_t rowPanels() const { return ceilDivide(m_, MR); }
  int64_t columnPanels() const { return ceilDivide(n_, width_); }

  void plan(bool alone) {
    const int64_t work = m_ * n_ * larger(1, k_);
    taskRows_ = rowPanels();
    taskColumns_ = columnPanels();
    if (work < smallWork && a_.rows == 1) {
      accessA_ = accessB_ = Access::direct;
      return;
    }
    // Packing pays when a panel is used often enough, and sooner when its elements are spread over many pages or, as columns of
    // whole pages are, belong in the same place of the first cache, which does not have room for so many there.
    constexpr int64_t size = sizeof(T), page = 4096;
    const int64_t stepB = b_.rows == 1 ? 0 : distance(b_.rows) * size;
    const bool spreadB = stepB * k_ > 65536, meetB = distance(b_.columns) * size % page == 0 && width_ > firstCacheWays();
    const bool canRead = a_.rows == 1 || m_ == 1;
    accessA_ = canRead && columnPanels() <= 12 ? Access::direct : Access::packed;
    accessB_ = rowPanels() <= (spreadB ? 2 : meetB ? 4 : 32) ? Access::direct : Access::packed;
    const bool thin = n_ <= NR && work >= 2 * thinTaskWork;
    if (alone || (work < taskWork && !thin)) return;
    divide(smaller(maxTasks, larger(work < 2 * taskWork ? 2 : 4, work / (2 * taskWork))));
    if (work < sharedWork) return;
    if (accessA_ == Access::packed && taskColumns_ < columnPanels()) accessA_ = Access::shared;
    if (accessB_ == Access::packed && taskRows_ < rowPanels()) accessB_ = Access::shared;
  }

  static int64_t distance(int64_t step) { return step < 0 ? -step : step; }

  // Chooses the tasks, about so many: those that few threads and many are likely to finish first.
  void divide(int64_t tasks) {
    const int64_t rows = rowPanels(), narrowest = ceilDivide(n_, NR);
    double best = -1;
    // Panels of b a little narrower than possible may share out better.
    for (int64_t unit = 1; unit <= 4; unit *= 2) {
      const int64_t width = ceilDivide(n_, ceilDivide(narrowest, unit) * unit), columns = ceilDivide(n_, width);
      for (int64_t down = 1; down <= smaller(tasks, rows); down++) {
        const int64_t taskRows = ceilDivide(rows, down), parts = ceilDivide(rows, taskRows);
        if (parts != down) continue;
        for (int64_t across = ceilDivide(tasks, 2 * down); across <= smaller(tasks / down, columns); across++) {
          const int64_t taskColumns = ceilDivide(columns, across);
          const double time = timeOf(taskRows * MR, smaller(n_, taskColumns * width), width, parts * ceilDivide(columns, taskColumns));
          if (best >= 0 && time >= best) continue;
          best = time;
          width_ = width;
          taskRows_ = taskRows;
          taskColumns_ = taskColumns;
        }
      }
    }
  }

  // Roughly the cycles per step of k until `count` tasks of so many rows and columns are done, with 2 threads and with 8.
  double timeOf(int64_t rows, int64_t columns, int64_t width, int64_t count) const {
    const double r = static_cast<double>(smaller(rows, m_)), c = static_cast<double>(columns);
    // Every panel of b reads a vector of a for each `width` products.
    const double products = r * c * (1 + 0.5 / static_cast<double>(width)) / (2 * Kernel::lanes);
    const double moved = r * (accessA_ == Access::direct ? 0.1 : 0.8) + c * (accessB_ == Access::direct ? 0.1 : 0.4);
    return (products + moved) * static_cast<double>(4 * ceilDivide(count, 2) + ceilDivide(count, 8));
  }

  void runTasks(int64_t kBegin, int64_t kEnd) const {
    const int64_t down = ceilDivide(rowPanels(), taskRows_), across = ceilDivide(columnPanels(), taskColumns_);
    parallelFor(down * across, [&](int64_t task) {
      const int64_t i = task % down, j = task / down;
      compute(i * taskRows_ * MR, smaller(m_, (i + 1) * taskRows_ * MR), j * taskColumns_ * width_,
              smaller(n_, (j + 1) * taskColumns_ * width_), kBegin, kEnd);
    });
  }

  void packShared(int64_t l, int64_t depth) {
    const int64_t sizeA = accessA_ == Access::shared ? rowPanels() * MR * depth : 0;
    const int64_t sizeB = accessB_ == Access::shared ? n_ * depth : 0;
    sharedA_ = static_cast<T*>(scratch(Scratch::shared, (sizeA + sizeB) * sizeof(T)));
    sharedB_ = sharedA_ + sizeA;
    constexpr int64_t group = 8;
    const int64_t groupsA = sizeA > 0 ? ceilDivide(rowPanels(), group) : 0, groupsB = sizeB > 0 ? ceilDivide(columnPanels(), group) : 0;
    parallelFor(groupsA + groupsB, [&](int64_t task) {
      if (task < groupsA) {
        const int64_t begin = task * group * MR, end = smaller(m_, begin + group * MR);
        const int64_t whole = a_.rows == 1 ? (end - begin) / MR : 0;
        packPanels(sharedA_ + begin * depth, MR, a_.data + begin + l * a_.columns, a_.columns, whole, depth);
        for (int64_t i = begin + whole * MR; i < end; i += MR) packPanelA(sharedA_ + i * depth, i, l, depth);
      } else {
        const int64_t begin = (task - groupsA) * group * width_, end = smaller(n_, begin + group * width_);
        const int64_t whole = b_.columns == 1 ? (end - begin) / width_ : 0;
        packPanels(sharedB_ + begin * depth, width_, b_.data + l * b_.rows + begin, b_.rows, whole, depth);
        for (int64_t j = begin + whole * width_; j < end; j += width_) packPanelB(sharedB_ + j * depth, j, l, depth);
      }
    });
  }

  int64_t height(int64_t row) const { return Kernel::height(smaller(MR, m_ - row)); }
  void packPanelA(T* to, int64_t i, int64_t l, int64_t depth) const {
    packA(to, a_.data + i * a_.rows + l * a_.columns, a_.rows, a_.columns, smaller(MR, m_ - i), depth);
  }
  void packPanelB(T* to, int64_t j, int64_t l, int64_t depth) const {
    packB(to, b_.data + l * b_.rows + j * b_.columns, b_.rows, b_.columns, smaller(width_, n_ - j), depth);
  }

  // Computes the steps of k from kBegin to kEnd of a part of c.
  void compute(int64_t rowBegin, int64_t rowEnd, int64_t columnBegin, int64_t columnEnd, int64_t kBegin, int64_t kEnd) const {
    T* mineA = nullptr;
    T* mineB = nullptr;
    if (accessA_ == Access::packed || accessB_ == Access::packed) {
      const int64_t rows = accessA_ == Access::packed ? smaller(taskRows_ * MR, blockRows) : 0;
      mineA = static_cast<T*>(scratch(Scratch::mine, (rows + NR) * depth_ * sizeof(T)));
      mineB = mineA + rows * depth_;
    }
    Tile<T> tile;
    tile.alpha = alpha_;
    tile.beta = kBegin == 0 ? beta_ : 1;
    tile.cRow = c_.rows;
    tile.cColumn = c_.columns;
    int64_t l = kBegin;
    do {
      tile.k = smaller(depth_, k_ - l);
      for (int64_t i = rowBegin; i < rowEnd; i += blockRows) {
        computeBlock(tile, i, smaller(rowEnd, i + blockRows), columnBegin, columnEnd, l, mineA, mineB);
      }
      tile.beta = 1;
      l += depth_;
    } while (l < kEnd);
  }

  void computeBlock(Tile<T> tile, int64_t rowBegin, int64_t rowEnd, int64_t columnBegin, int64_t columnEnd, int64_t l, T* mineA,
                    T* mineB) const {
    const bool panels = accessA_ != Access::direct && accessB_ != Access::direct;
    if (accessA_ == Access::packed) {
      for (int64_t i = rowBegin; i < rowEnd; i += MR) packPanelA(mineA + (i - rowBegin) * tile.k, i, l, tile.k);
    }
    // Down the columns of c: the panel of b stays in the first cache, those of a in the second, and c is written in order.
    for (int64_t j = columnBegin; j < columnEnd; j += width_) {
      const int64_t columns = smaller(width_, n_ - j);
      if (accessB_ == Access::direct) {
        tile.b = b_.data + l * b_.rows + j * b_.columns;
        tile.bStep = b_.rows;
        tile.bColumn = b_.columns;
        tile.ahead = b_.rows == 1 && j + 2 * width_ <= columnEnd ? width_ * b_.columns : 0;
      } else {
        tile.ahead = 0;
        if (accessB_ == Access::packed) packPanelB(mineB, j, l, tile.k);
        tile.b = accessB_ == Access::packed ? mineB : sharedB_ + j * tile.k;
        tile.bStep = columns;
        tile.bColumn = 1;
      }
      for (int64_t i = rowBegin; i < rowEnd; i += MR) {
        if (accessA_ == Access::direct) {
          tile.a = a_.data + i * a_.rows + l * a_.columns;
          tile.aStep = a_.columns;
        } else {
          tile.a = accessA_ == Access::packed ? mineA + (i - rowBegin) * tile.k : sharedA_ + i * tile.k;
          tile.aStep = height(i);
        }
        tile.c = c_.data + i * c_.rows + j * c_.columns;
        fetchNext(tile, i, j, l);
        Kernel::run(tile, smaller(MR, m_ - i), columns, panels);
        tile.ahead = 0;
      }
    }
  }

  // Has a tile fetch its part of what is packed for the next step of k. A large b comes from memory, which packing would wait for, and which
  // has nothing to do while tiles are computed.
  void fetchNext(Tile<T>& tile, int64_t i, int64_t j, int64_t l) const {
    const int64_t rows = rowPanels(), next = smaller(depth_, k_ - l - depth_);
    tile.later = nullptr;
    if (accessB_ != Access::shared || b_.columns != 1 || next <= 0 || rows < fewest) return;
    tile.later = b_.data + (l + depth_ + smaller(next - 1, i / MR * ceilDivide(next, rows))) * b_.rows + j;
    tile.laterStep = b_.rows;
    tile.laterEvery = rows;
  }

  // Rows of tiles from which on their parts are small enough not to keep them waiting.
  static constexpr int64_t fewest = 4;

  int64_t m_, n_, k_;
  T alpha_, beta_;
  Matrix<const T> a_, b_;
  Matrix<T> c_;
  int64_t width_;  // of panels of b
  int64_t depth_;  // steps of k at a time
  Access accessA_, accessB_;
  int64_t taskRows_ = 1, taskColumns_ = 1;  // panels of a task
  T* sharedA_ = nullptr;
  T* sharedB_ = nullptr;
};

}  // namespace
}  // namespace knet::KNET_ISA
