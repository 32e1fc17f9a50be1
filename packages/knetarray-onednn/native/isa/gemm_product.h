// Products of matrices large in both directions: which operand is packed and when, and how c is divided into tasks.
#pragma once

#include "../gemm.h"
#include "../parallel.h"
#include "../scratch.h"
#include "gemm_pack.h"

namespace knet::KNET_ISA {
namespace {

int64_t smaller(int64_t x, int64_t y) { return x < y ? x : y; }
int64_t larger(int64_t x, int64_t y) { return x > y ? x : y; }
int64_t ceilDivide(int64_t x, int64_t y) { return (x + y - 1) / y; }

// Multiplications that are worth a task of their own, some 10 microseconds.
constexpr int64_t taskWork = 1200000;
constexpr int64_t maxTasks = 32;
// Below so many, deciding takes longer than it can win.
constexpr int64_t smallWork = 65536;

#ifdef GEMM_TUNE
#include <stdlib.h>
#include <stdio.h>
static int64_t tune(const char* n, int64_t d) { const char* s = getenv(n); return s ? atoll(s) : d; }
#else
#define tune(n, d) (d)
#endif

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
    depth_ = larger(1, ceilDivide(k, larger(1, ceilDivide(k, tune("KC", maxDepth)))));
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
  // Steps of k at a time: a panel of b stays in the first cache, some panels of a in the second.
  static constexpr int64_t maxDepth = 1536 / sizeof(T);

  int64_t rowPanels() const { return ceilDivide(m_, MR); }
  int64_t columnPanels() const { return ceilDivide(n_, width_); }

  void plan(bool alone) {
    const int64_t work = m_ * n_ * larger(1, k_);
    if (work < smallWork && a_.rows == 1) {
      accessA_ = accessB_ = Access::direct;
      taskRows_ = rowPanels();
      taskColumns_ = columnPanels();
      return;
    }
    // Packing pays when a panel is used often enough, and sooner when its elements are spread over many pages.
    const bool canRead = a_.rows == 1 || m_ == 1;
    const bool spreadA = a_.columns * k_ * sizeof(T) > 262144 && a_.columns > 4 * MR;
    accessA_ = canRead && columnPanels() <= (spreadA ? tune("DIRAS", 3) : tune("DIRA", 12)) ? Access::direct : Access::packed;
    const bool spreadB = b_.rows != 1 && b_.rows * k_ * sizeof(T) > 65536;
    accessB_ = rowPanels() <= (spreadB ? tune("DIRBS", 1) : tune("DIRB", 4)) ? Access::direct : Access::packed;
    int64_t tasks = alone || work < taskWork ? 1 : smaller(maxTasks, larger(work < 2 * taskWork ? 2 : 4, ceilDivide(work, tune("TW", 2 * taskWork)) / 2 * 2));
    // The division of both sides that moves least memory: every task reads its rows of a and its columns of b.
    const int64_t weightA = accessA_ == Access::direct ? 1 : 2, weightB = accessB_ == Access::direct ? 1 : 2;
    int64_t best = -1;
    for (int64_t down = 1; down <= smaller(tasks, rowPanels()); down++) {
      for (int64_t across = 1; across <= smaller(tasks / down, columnPanels()); across++) {
        const int64_t missing = larger(1, ceilDivide(tasks / 2, down * across));
        const int64_t cost = (m_ * across * weightA + n_ * down * weightB) * missing;
        if (best >= 0 && cost >= best) continue;
        best = cost;
        taskRows_ = ceilDivide(rowPanels(), down);
        taskColumns_ = ceilDivide(columnPanels(), across);
      }
    }
#ifdef GEMM_TUNE
    if (getenv("PLAN")) { static int n = 0; if (n++ < 2) printf("m %ld n %ld k %ld tasks %ld: panels %ld x %ld, task %ld x %ld access %d %d depth %ld width %ld\n", m_, n_, k_, tasks, rowPanels(), columnPanels(), taskRows_, taskColumns_, (int)accessA_, (int)accessB_, depth_, width_); }
#endif
    if (work >= tune("SHARE", 30000000)) {
      if (accessA_ == Access::packed && taskColumns_ < columnPanels()) accessA_ = Access::shared;
      if (accessB_ == Access::packed && taskRows_ < rowPanels()) accessB_ = Access::shared;
    }
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
    constexpr int64_t group = 4;
    const int64_t groupsA = sizeA > 0 ? ceilDivide(rowPanels(), group) : 0, groupsB = sizeB > 0 ? ceilDivide(columnPanels(), group) : 0;
    parallelFor(groupsA + groupsB, [&](int64_t task) {
      if (task < groupsA) {
        const int64_t end = smaller(m_, (task + 1) * group * MR);
        for (int64_t i = task * group * MR; i < end; i += MR) packPanelA(sharedA_ + i * depth, i, l, depth);
      } else {
        const int64_t begin = (task - groupsA) * group * width_;
        packBlockB(sharedB_ + begin * depth, begin, smaller(n_, begin + group * width_), l, depth);
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

  // Panels of columns begin .. end, one after the other.
  void packBlockB(T* to, int64_t begin, int64_t end, int64_t l, int64_t depth) const {
    if (b_.columns == 1 && tune("PB", 1)) {
      packRows(to, width_, b_.data + l * b_.rows + begin, b_.rows, end - begin, depth);
      return;
    }
    for (int64_t j = begin; j < end; j += width_) packPanelB(to + (j - begin) * depth, j, l, depth);
  }

  // Computes rows i .. rowEnd and columns j .. columnEnd of c.
  void compute(int64_t rowBegin, int64_t rowEnd, int64_t columnBegin, int64_t columnEnd, int64_t kBegin, int64_t kEnd) const {
    T* mineA = nullptr;
    T* mineB = nullptr;
    if (accessA_ == Access::packed || accessB_ == Access::packed) {
      const int64_t columns = accessB_ == Access::packed ? columnEnd - columnBegin : 0;
      mineA = static_cast<T*>(scratch(Scratch::mine, (columns + MR) * depth_ * sizeof(T)));
      mineB = mineA + MR * depth_;
    }
    const bool panels = accessA_ != Access::direct && accessB_ != Access::direct;
    Tile<T> tile;
    tile.alpha = alpha_;
    tile.beta = kBegin == 0 ? beta_ : 1;
    tile.cRow = c_.rows;
    tile.cColumn = c_.columns;
    int64_t l = kBegin;
    do {
      tile.k = smaller(depth_, k_ - l);
      if (accessB_ == Access::packed) {
        packBlockB(mineB, columnBegin, columnEnd, l, tile.k);
      }
      for (int64_t i = rowBegin; i < rowEnd; i += MR) {
        if (accessA_ == Access::direct) {
          tile.a = a_.data + i * a_.rows + l * a_.columns;
          tile.aStep = a_.columns;
        } else {
          tile.aStep = height(i);
          if (accessA_ == Access::packed) packPanelA(mineA, i, l, tile.k);
          tile.a = accessA_ == Access::packed ? mineA : sharedA_ + i * tile.k;
        }
        for (int64_t j = columnBegin; j < columnEnd; j += width_) {
          const int64_t columns = smaller(width_, n_ - j);
          if (accessB_ == Access::direct) {
            tile.b = b_.data + l * b_.rows + j * b_.columns;
            tile.bStep = b_.rows;
            tile.bColumn = b_.columns;
          } else {
            tile.b = accessB_ == Access::packed ? mineB + (j - columnBegin) * tile.k : sharedB_ + j * tile.k;
            tile.bStep = columns;
            tile.bColumn = 1;
          }
          if (tune("PF", 1)) {
            const bool last = i + MR >= rowEnd;
            const int64_t panel = last ? rowBegin : i + MR, step = last ? l + tile.k : l;
            prefetchA(panel, step, smaller(tile.k, k_ - step), (j - columnBegin) / width_, ceilDivide(columnEnd - columnBegin, width_));
          }
          tile.c = c_.data + i * c_.rows + j * c_.columns;
          Kernel::run(tile, smaller(MR, m_ - i), columns, panels);
        }
      }
      tile.beta = 1;
      l += depth_;
    } while (l < kEnd);
  }

  // Asks for a part of the panel of a that comes next, while this one is computed with.
  void prefetchA(int64_t i, int64_t l, int64_t depth, int64_t part, int64_t parts) const {
    if (depth <= 0) return;
    constexpr int64_t line = 64 / sizeof(T);
    const int64_t rows = smaller(MR, m_ - i);
    if (accessA_ == Access::shared) return;
    // Along the side whose elements lie one after the other, a line at a time.
    const T* const at = a_.data + i * a_.rows + l * a_.columns;
    if (a_.columns == 1) {
      for (int64_t r = rows * part / parts; r < rows * (part + 1) / parts; r++) {
        for (int64_t p = 0; p < depth; p += line) __builtin_prefetch(at + r * a_.rows + p, 0, 2);
      }
    } else {
      for (int64_t p = depth * part / parts; p < depth * (part + 1) / parts; p++) {
        for (int64_t r = 0; r < rows; r += line) __builtin_prefetch(at + r * a_.rows + p * a_.columns, 0, 2);
      }
    }
  }

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
