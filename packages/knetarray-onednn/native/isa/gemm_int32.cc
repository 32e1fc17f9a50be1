// Products of int32 matrices, which wrap around like machine integers.
#include "../gemm_kernels.h"
#include "../parallel.h"
#include "../scratch.h"

namespace knet::KNET_ISA {
namespace {

// A part of c that stays in the first cache while it runs along k.
constexpr int64_t blockRows = 128;
constexpr int64_t blockColumns = 4;
// Multiplications that are worth a task of their own.
constexpr int64_t taskWork = 400000;

int64_t smaller(int64_t x, int64_t y) { return x < y ? x : y; }

// Unsigned numbers wrap around; the bits are the same.
struct Sums {
  uint32_t x[blockColumns][blockRows];
};

void addProducts(Sums& sums, int64_t rows, int64_t columns, int64_t k, const uint32_t* a, int64_t aColumn, Matrix<const int32_t> b) {
  for (int64_t j = 0; j < columns; j++) {
    for (int64_t i = 0; i < blockRows; i++) sums.x[j][i] = 0;
  }
  for (int64_t l = 0; l < k; l++) {
    const uint32_t* const left = a + l * aColumn;
    for (int64_t j = 0; j < columns; j++) {
      const uint32_t factor = static_cast<uint32_t>(b.data[l * b.rows + j * b.columns]);
      uint32_t* const sum = sums.x[j];
      if (rows == blockRows) {
        for (int64_t i = 0; i < blockRows; i++) sum[i] += left[i] * factor;
      } else {
        for (int64_t i = 0; i < rows; i++) sum[i] += left[i] * factor;
      }
    }
  }
}

void store(const Sums& sums, int64_t rows, int64_t columns, int32_t alpha, int32_t beta, Matrix<int32_t> c) {
  for (int64_t j = 0; j < columns; j++) {
    for (int64_t i = 0; i < rows; i++) {
      int32_t& to = c.data[i * c.rows + j * c.columns];
      uint32_t x = static_cast<uint32_t>(alpha) * sums.x[j][i];
      if (beta != 0) x += static_cast<uint32_t>(beta) * static_cast<uint32_t>(to);
      to = static_cast<int32_t>(x);
    }
  }
}

// All columns of some rows.
void multiplyRows(int64_t rows, int64_t n, int64_t k, int32_t alpha, Matrix<const int32_t> a, Matrix<const int32_t> b, int32_t beta,
                  Matrix<int32_t> c) {
  const uint32_t* left = reinterpret_cast<const uint32_t*>(a.data);
  int64_t leftColumn = a.columns;
  if (a.rows != 1 && rows > 1) {
    uint32_t* const to = static_cast<uint32_t*>(scratch(Scratch::mine, blockRows * k * sizeof(uint32_t)));
    for (int64_t i = 0; i < rows; i++) {
      for (int64_t l = 0; l < k; l++) to[l * blockRows + i] = left[i * a.rows + l * a.columns];
    }
    left = to;
    leftColumn = blockRows;
  }
  Sums sums;
  for (int64_t j = 0; j < n; j += blockColumns) {
    const int64_t columns = smaller(blockColumns, n - j);
    addProducts(sums, rows, columns, k, left, leftColumn, {b.data + j * b.columns, b.rows, b.columns});
    store(sums, rows, columns, alpha, beta, {c.data + j * c.columns, c.rows, c.columns});
  }
}

}  // namespace

void product(int64_t m, int64_t n, int64_t k, int32_t alpha, Matrix<const int32_t> a, Matrix<const int32_t> b, int32_t beta,
             Matrix<int32_t> c) {
  if (m <= 0 || n <= 0) return;
  if (m < n && m < 16) {
    // Vectors run along the longer side.
    return product(n, m, k, alpha, {b.data, b.columns, b.rows}, {a.data, a.columns, a.rows}, beta, {c.data, c.columns, c.rows});
  }
  const int64_t panels = (m + blockRows - 1) / blockRows;
  const int64_t work = smaller(blockRows, m) * n * (k > 0 ? k : 1);
  const int64_t together = work >= taskWork ? 1 : smaller(panels, (taskWork + work - 1) / work);
  parallelFor((panels + together - 1) / together, [&](int64_t task) {
    for (int64_t p = task * together; p < smaller(panels, (task + 1) * together); p++) {
      const int64_t i = p * blockRows;
      multiplyRows(smaller(blockRows, m - i), n, k, alpha, {a.data + i * a.rows, a.rows, a.columns}, b, beta,
                   {c.data + i * c.rows, c.rows, c.columns});
    }
  });
}

}  // namespace knet::KNET_ISA
