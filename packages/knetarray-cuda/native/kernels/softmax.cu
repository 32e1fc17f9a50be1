// Normalised exponentials along the middle dimension of [inner, length, outer], their logarithms, and the gradients of both.
#include "../device.h"
#include "../kernels.h"
#include "../words.h"
#include "block_tree.h"
#include "totals.h"

namespace knet {
namespace {

constexpr int threads = 256;
constexpr int threadsLog = 8;
// Elements that a thread of a long line reads before it uses them.
constexpr int batch = 4;
// Lines of at most so many elements, one behind the other, lie in the registers of a warp: two or eight elements in each lane.
constexpr int shortest = 64, shortLine = 256;

struct Lines {
  bool logarithm;
  int64_t inner, length, outer;
  // So many threads share a line, a power of two.
  int lanesLog;

  int64_t count() const { return inner * outer; }
  bool inWarps() const { return inner == 1 && length <= shortLine; }
  unsigned blocks() const {
    const int64_t perBlock = threads >> lanesLog;
    return static_cast<unsigned>((count() + perBlock - 1) / perBlock);
  }

  void divide() {
    const auto log2Above = [](int64_t x) {
      int log = 0;
      while ((int64_t{1} << log) < x) log++;
      return log;
    };
    if (inWarps()) {
      lanesLog = std::min(5, log2Above((length + 1) / 2));
      return;
    }
    // Neighbouring threads have neighbouring elements: along the inner dimensions first. Lines need no more threads where there are
    // enough to fill a large GPU.
    const bool many = inner >= threads && count() >= 1 << 17;
    const int across = many ? threadsLog : std::min(5, log2Above(inner));
    lanesLog = std::min(threadsLog - across, log2Above((length + batch - 1) / batch));
  }
};

// The part of a line that one thread of a long one works on: every `lanes`-th element.
struct Part {
  int lane, lanesLog, lanes, columns;
  int64_t begin, step, length;

  __device__ explicit Part(const Lines& lines) {
    const int t = static_cast<int>(threadIdx.x);
    lanesLog = lines.lanesLog;
    lanes = 1 << lanesLog;
    columns = threads >> lines.lanesLog;
    lane = t >> (threadsLog - lines.lanesLog);
    const int64_t line = int64_t{blockIdx.x} * columns + (t & (columns - 1)), o = line / lines.inner;
    begin = o * lines.inner * lines.length + (line - o * lines.inner);
    step = lines.inner;
    length = o < lines.outer ? lines.length : 0;
  }

  // Calls f(first place, from one to the next, how many) for up to `batch` elements at a time.
  template <class F>
  __device__ void forBatches(F f) const {
    for (int64_t i = lane; i < length; i += int64_t{batch} << lanesLog) {
      const int64_t left = (length - i + lanes - 1) >> lanesLog;
      f(begin + i * step, lanes * step, left < batch ? static_cast<int>(left) : batch);
    }
  }
};

template <class T>
__device__ void readBatch(const T* x, int64_t at, int64_t step, int n, Compute<T> (&out)[batch]) {
  KNET_UNROLL
  for (int v = 0; v < batch; v++) out[v] = v < n ? static_cast<Compute<T>>(x[at + v * step]) : Compute<T>(0);
}

// A compensated sum.
template <class R>
struct Sum {
  R value, lost;

  __device__ void add(R x) { lost += addTo(value, x); }
  __device__ void merge(const Sum& x) {
    lost += x.lost;
    add(x.value);
  }
  // An infinite sum has lost NaN.
  __device__ R result() const { return Arithmetic<R>::finite(value) ? value + lost : value; }
};

// The largest element so far and the sum of exp(x - largest). NaN is passed over by the first; it makes the sum NaN.
template <class R>
struct Exponentials {
  R most;
  Sum<R> sum;

  __device__ void raise(R larger) {
    if (!(larger > most)) return;
    const R factor = function::exp(most - larger);
    sum.value *= factor;
    sum.lost *= factor;
    most = larger;
  }
  __device__ void add(R x) {
    // It would be NaN beside a maximum of -Infinity, and is 0 beside any other.
    if (x != R(-HUGE_VAL)) sum.add(function::exp(x - most));
  }
  __device__ void merge(Exponentials x) {
    raise(x.most);
    x.raise(most);
    sum.merge(x.sum);
  }
};

template <class R>
__device__ R ofLine(R x, R most, R scale, bool logarithm) {
  return logarithm ? (x - most) - scale : function::exp(x - most) * scale;
}
template <class R>
__device__ R scaleOf(R sum, bool logarithm) {
  return logarithm ? function::log(sum) : R(1) / sum;
}
template <class R>
__device__ R gradientOf(R y, R dy, R sum, bool logarithm) {
  return logarithm ? dy - function::exp(y) * sum : y * (dy - sum);
}

template <class T>
__global__ void __launch_bounds__(threads) forwardKernel(const Lines lines, const T* x, T* y) {
  using R = Compute<T>;
  const Part part(lines);
  Exponentials<R> all{R(-HUGE_VAL), {0, 0}};
  R e[batch];
  part.forBatches([&](int64_t at, int64_t step, int n) {
    readBatch(x, at, step, n, e);
    R larger = all.most;
    KNET_UNROLL
    for (int v = 0; v < batch; v++) larger = v < n && e[v] > larger ? e[v] : larger;
    all.raise(larger);
    KNET_UNROLL
    for (int v = 0; v < batch; v++) {
      if (v < n) all.add(e[v]);
    }
  });
  combineParts<threads>(all, part.lanes, part.lane, part.columns, static_cast<int>(threadIdx.x), true,
                        [](Exponentials<R>& a, const Exponentials<R>& b) { a.merge(b); });
  const R scale = scaleOf(all.sum.result(), lines.logarithm);
  part.forBatches([&](int64_t at, int64_t step, int n) {
    readBatch(x, at, step, n, e);
    KNET_UNROLL
    for (int v = 0; v < batch; v++) {
      if (v < n) y[at + v * step] = static_cast<T>(ofLine(e[v], all.most, scale, lines.logarithm));
    }
  });
}

template <class T>
__global__ void __launch_bounds__(threads) backwardKernel(const Lines lines, const T* y, const T* dy, T* dx) {
  using R = Compute<T>;
  const Part part(lines);
  Sum<R> all{0, 0};
  R p[batch], q[batch];
  part.forBatches([&](int64_t at, int64_t step, int n) {
    if (!lines.logarithm) readBatch(y, at, step, n, p);
    readBatch(dy, at, step, n, q);
    KNET_UNROLL
    for (int v = 0; v < batch; v++) {
      if (v < n) all.add(lines.logarithm ? q[v] : p[v] * q[v]);
    }
  });
  combineParts<threads>(all, part.lanes, part.lane, part.columns, static_cast<int>(threadIdx.x), true,
                        [](Sum<R>& a, const Sum<R>& b) { a.merge(b); });
  const R sum = all.result();
  part.forBatches([&](int64_t at, int64_t step, int n) {
    readBatch(y, at, step, n, p);
    readBatch(dy, at, step, n, q);
    KNET_UNROLL
    for (int v = 0; v < batch; v++) {
      if (v < n) dx[at + v * step] = static_cast<T>(gradientOf(p[v], q[v], sum, lines.logarithm));
    }
  });
}

// Lines that some lanes of a warp hold: a thread has every `lanes`-th element, from `at` on, of which `rest` are left.
struct ShortPart {
  int lanes;
  int64_t at, rest;

  __device__ explicit ShortPart(const Lines& lines) {
    const int t = static_cast<int>(threadIdx.x), lane = t & ((1 << lines.lanesLog) - 1);
    const int64_t line = ((int64_t{blockIdx.x} * threads + t) >> lines.lanesLog);
    lanes = 1 << lines.lanesLog;
    at = line * lines.length + lane;
    rest = line < lines.outer ? lines.length - lane : 0;
  }
  __device__ bool has(int v) const { return v * lanes < rest; }
};

template <class R>
__device__ R sumOfLanes(R x, int lanes) {
  for (int mask = lanes >> 1; mask > 0; mask >>= 1) x += __shfl_xor_sync(allLanes, x, mask);
  return x;
}

template <class T, int width>
__global__ void __launch_bounds__(threads) shortForwardKernel(const Lines lines, const T* x, T* y) {
  using R = Compute<T>;
  const ShortPart part(lines);
  R e[width], most = R(-HUGE_VAL), sum = 0;
  KNET_UNROLL
  for (int v = 0; v < width; v++) {
    e[v] = part.has(v) ? static_cast<R>(x[part.at + v * part.lanes]) : R(-HUGE_VAL);
    most = e[v] > most ? e[v] : most;
  }
  for (int mask = part.lanes >> 1; mask > 0; mask >>= 1) {
    const R other = __shfl_xor_sync(allLanes, most, mask);
    most = other > most ? other : most;
  }
  KNET_UNROLL
  for (int v = 0; v < width; v++) sum += part.has(v) ? function::exp(e[v] - most) : R(0);
  const R scale = scaleOf(sumOfLanes(sum, part.lanes), lines.logarithm);
  KNET_UNROLL
  for (int v = 0; v < width; v++) {
    if (part.has(v)) y[part.at + v * part.lanes] = static_cast<T>(ofLine(e[v], most, scale, lines.logarithm));
  }
}

template <class T, int width>
__global__ void __launch_bounds__(threads) shortBackwardKernel(const Lines lines, const T* y, const T* dy, T* dx) {
  using R = Compute<T>;
  const ShortPart part(lines);
  R p[width], q[width], sum = 0;
  KNET_UNROLL
  for (int v = 0; v < width; v++) {
    p[v] = part.has(v) ? static_cast<R>(y[part.at + v * part.lanes]) : R(0);
    q[v] = part.has(v) ? static_cast<R>(dy[part.at + v * part.lanes]) : R(0);
    sum += lines.logarithm ? q[v] : p[v] * q[v];
  }
  sum = sumOfLanes(sum, part.lanes);
  KNET_UNROLL
  for (int v = 0; v < width; v++) {
    if (part.has(v)) dx[part.at + v * part.lanes] = static_cast<T>(gradientOf(p[v], q[v], sum, lines.logarithm));
  }
}

Lines linesOf(Words& w) {
  Lines lines;
  lines.logarithm = w.flag();
  lines.inner = w.integer();
  lines.length = w.integer();
  lines.outer = w.integer();
  lines.divide();
  return lines;
}

}  // namespace

// Written by native-commands/src/softmax.ts.
void softmaxCommand(const double* words) {
  Words w(words);
  const DType dtype = w.dtype();
  const Lines lines = linesOf(w);
  if (lines.count() * lines.length == 0) return;
  withFloatType(dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* const x = w.pointer<T>();
    T* const y = w.pointer<T>();
    if (!lines.inWarps()) KNET_LAUNCH((forwardKernel<T>), lines.blocks(), threads, stream(), lines, x, y);
    else if (lines.length <= shortest) KNET_LAUNCH((shortForwardKernel<T, 2>), lines.blocks(), threads, stream(), lines, x, y);
    else KNET_LAUNCH((shortForwardKernel<T, 8>), lines.blocks(), threads, stream(), lines, x, y);
  });
}

void softmaxGradientCommand(const double* words) {
  Words w(words);
  const DType dtype = w.dtype();
  const Lines lines = linesOf(w);
  if (lines.count() * lines.length == 0) return;
  withFloatType(dtype, [&](auto zero) {
    using T = decltype(zero);
    const T *const y = w.pointer<T>(), *const dy = w.pointer<T>();
    T* const dx = w.pointer<T>();
    if (!lines.inWarps()) KNET_LAUNCH((backwardKernel<T>), lines.blocks(), threads, stream(), lines, y, dy, dx);
    else if (lines.length <= shortest) KNET_LAUNCH((shortBackwardKernel<T, 2>), lines.blocks(), threads, stream(), lines, y, dy, dx);
    else KNET_LAUNCH((shortBackwardKernel<T, 8>), lines.blocks(), threads, stream(), lines, y, dy, dx);
  });
}

}  // namespace knet
