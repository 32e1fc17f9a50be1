// A library with the functions of cuDNN that the addon uses, on ordinary memory and by the plainest loops, for tests on machines
// without a GPU. What it computes adds a line to the file that KNET_FAKE_CUDNN_LOG names. KNET_FAKE_CUDNN_FAULT is one of
//   create     no handle can be made
//   find       there is no algorithm for any geometry, nor any LSTM layer
//   chance     no algorithm gives the same bits every time
//   run        the algorithm, or the LSTM layer, turns out not to be there when it is run
//   refuse     an LSTM layer cannot be described
//   place      the weights of an LSTM layer have no place
//   execution  the GPU fails
// and KNET_FAKE_CUDNN_VERSION another version than 9.24.7.
#include "cudnn.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {
const char* lastError = "";
}

bool fault(const char* name) {
  const char* const wanted = std::getenv("KNET_FAKE_CUDNN_FAULT");
  return wanted != nullptr && std::strcmp(wanted, name) == 0;
}

int fail(int status, const char* text) {
  lastError = text;
  return status;
}

void note(const char* format, ...) {
  const char* const log = std::getenv("KNET_FAKE_CUDNN_LOG");
  if (log == nullptr) return;
  std::FILE* const file = std::fopen(log, "a");
  va_list values;
  va_start(values, format);
  std::vfprintf(file, format, values);
  va_end(values);
  std::fclose(file);
}

namespace {

struct Convolution {
  int rank, padding[3], stride[3], dilation[3], mode, compute, groups = 1, math = 0;
  int of(const int* list, int d, int missing) const { return rank == 3 ? list[d] : d == 0 ? missing : list[d - 1]; }
};

struct Performance {
  int algorithm, status;
  float time;
  size_t memory;
  int determinism, math, reserved[3];
};

enum Kind { forward, gradientX, gradientW };

// Of bfloats, the upper halves of floats.
double ofBfloat(unsigned short bits) {
  const unsigned word = unsigned{bits} << 16;
  float x;
  std::memcpy(&x, &word, 4);
  return x;
}
unsigned short toBfloat(float x) {
  unsigned word;
  std::memcpy(&word, &x, 4);
  // Half of the last place is added, less one where the rest is even.
  return static_cast<unsigned short>((word + 0x7fff + (word >> 16 & 1)) >> 16);
}

double get(const Array& array, const void* data, long i) {
  if (array.data == 1) return static_cast<const double*>(data)[i];
  if (array.data == 2) return static_cast<double>(static_cast<const _Float16*>(data)[i]);
  if (array.data == 9) return ofBfloat(static_cast<const unsigned short*>(data)[i]);
  return static_cast<double>(static_cast<const float*>(data)[i]);
}
void put(const Array& array, void* data, long i, double x) {
  if (array.data == 1) static_cast<double*>(data)[i] = x;
  else if (array.data == 2) static_cast<_Float16*>(data)[i] = static_cast<_Float16>(x);
  else if (array.data == 9) static_cast<unsigned short*>(data)[i] = toBfloat(static_cast<float>(x));
  else static_cast<float*>(data)[i] = static_cast<float>(x);
}

// The geometry must be a convolution's: lengths of y follow from the others.
bool fits(const Array& x, const Array& w, const Array& y, const Convolution& c) {
  if (x.rank != c.rank + 2 || w.rank != x.rank || y.rank != x.rank || x.length[0] != y.length[0]) return false;
  if (x.length[1] != w.length[1] * c.groups || y.length[1] != w.length[0] || w.length[0] % c.groups != 0) return false;
  for (int d = 0; d < 3; d++) {
    const int reach = (w.spatial(d) - 1) * c.of(c.dilation, d, 1) + 1;
    if (y.spatial(d) != 1 + (x.spatial(d) + 2 * c.of(c.padding, d, 0) - reach) / c.of(c.stride, d, 1)) return false;
  }
  return true;
}

// Calls f(places in x, w and y) for every product of the convolution.
template <class F>
void eachProduct(const Array& x, const Array& w, const Array& y, const Convolution& c, F f) {
  const int perGroup = y.length[1] / c.groups;
  for (int n = 0; n < y.length[0]; n++)
    for (int o = 0; o < y.length[1]; o++)
      for (int i = 0; i < w.length[1]; i++) {
        const int channel = o / perGroup * w.length[1] + i;
        int p[3], k[3], at[3];
        for (p[0] = 0; p[0] < y.spatial(0); p[0]++)
          for (p[1] = 0; p[1] < y.spatial(1); p[1]++)
            for (p[2] = 0; p[2] < y.spatial(2); p[2]++)
              for (k[0] = 0; k[0] < w.spatial(0); k[0]++)
                for (k[1] = 0; k[1] < w.spatial(1); k[1]++)
                  for (k[2] = 0; k[2] < w.spatial(2); k[2]++) {
                    bool inside = true;
                    for (int d = 0; d < 3; d++) {
                      const int tap = c.mode == 1 ? k[d] : w.spatial(d) - 1 - k[d];
                      at[d] = p[d] * c.of(c.stride, d, 1) - c.of(c.padding, d, 0) + tap * c.of(c.dilation, d, 1);
                      inside = inside && at[d] >= 0 && at[d] < x.spatial(d);
                    }
                    if (inside) f(x.at(n, channel, at[0], at[1], at[2]), w.at(o, i, k[0], k[1], k[2]), y.at(n, o, p[0], p[1], p[2]));
                  }
      }
}

constexpr int chosen = 3;
size_t workspaceOf(int algorithm) { return algorithm == chosen ? 1003 : size_t{1} << 40; }

// One that is not there, one that is not deterministic, one that takes too much memory, and one that will do.
int find(const Array& x, const Array& w, const Array& y, const Convolution& c, int wanted, int* count, Performance* results) {
  if (!fits(x, w, y, c)) return fail(2008, "the shapes do not fit");
  if (fault("find")) return fail(3000, "there is nothing");
  const bool chance = fault("chance");
  const Performance list[] = {{0, 3000, 1, 0, 1, 0, {}}, {1, 0, 2, 0, 0, 0, {}}, {2, 0, 3, 0, !chance, 0, {}}, {chosen, 0, 4, 1003, !chance, c.math == 3 ? 3 : 1, {}}};
  *count = wanted < 4 ? wanted : 4;
  for (int i = 0; i < *count; i++) results[i] = list[i];
  return 0;
}

int run(Kind kind, const void* alpha, const Array& x, const void* xData, const Array& w, const void* wData, const Array& y, const void* yData,
        const Convolution& c, int algorithm, void* workspace, size_t bytes, const void* beta) {
  if (!fits(x, w, y, c)) return fail(2008, "the shapes do not fit");
  if (fault("run")) return fail(3001, "not for these numbers");
  if (fault("execution")) return fail(5000, "the multiprocessors are on fire");
  if (bytes < workspaceOf(algorithm)) return fail(2006, "the workspace is too small");
  std::memset(workspace, 0xff, bytes);
  const double factor = x.data == 1 ? *static_cast<const double*>(alpha) : static_cast<double>(*static_cast<const float*>(alpha));
  const double old = x.data == 1 ? *static_cast<const double*>(beta) : static_cast<double>(*static_cast<const float*>(beta));
  if (old != 0 || x.data != w.data || x.data != y.data || c.compute != (x.data == 1)) return fail(2000, "types or factors");
  const Array& target = kind == forward ? y : kind == gradientX ? x : w;
  void* const result = const_cast<void*>(kind == forward ? yData : kind == gradientX ? xData : wData);
  const long size = long(target.length[0]) * target.stride[0];
  double* const sums = static_cast<double*>(std::calloc(static_cast<size_t>(size), sizeof(double)));
  eachProduct(x, w, y, c, [&](long inX, long inW, long inY) {
    if (kind == forward) sums[inY] += get(x, xData, inX) * get(w, wData, inW);
    else if (kind == gradientX) sums[inX] += get(y, yData, inY) * get(w, wData, inW);
    else sums[inW] += get(x, xData, inX) * get(y, yData, inY);
  });
  for (long i = 0; i < size; i++) put(target, result, i, factor * sums[i]);
  std::free(sums);
  static const char* const names[] = {"forward", "gradientX", "gradientW"};
  note("%s algorithm %d math %d groups %d rank %d\n", names[kind], algorithm, c.math, c.groups, c.rank);
  return 0;
}

const Array& array(void* descriptor) { return *static_cast<Array*>(descriptor); }
const Convolution& convolution(void* descriptor) { return *static_cast<Convolution*>(descriptor); }

int sizeOf(int algorithm, size_t* bytes) {
  *bytes = workspaceOf(algorithm);
  return 0;
}

}  // namespace

EXPORT size_t cudnnGetVersion() {
  const char* const version = std::getenv("KNET_FAKE_CUDNN_VERSION");
  return version != nullptr ? std::strtoul(version, nullptr, 10) : 92407;
}
EXPORT const char* cudnnGetErrorString(int status) {
  static char text[32];
  std::snprintf(text, sizeof text, "STATUS_%d", status);
  return text;
}
EXPORT void cudnnGetLastErrorString(char* text, size_t most) { std::snprintf(text, most, "%s", lastError); }
EXPORT int cudnnCreate(void** handle) {
  if (fault("create")) return fail(1001, "there is no GPU");
  *handle = std::malloc(1);
  return 0;
}
EXPORT int cudnnDestroy(void* handle) {
  std::free(handle);
  return 0;
}
EXPORT int cudnnSetStream(void*, void*) { return 0; }
EXPORT int cudnnCreateTensorDescriptor(void** descriptor) {
  *descriptor = new Array;
  return 0;
}
EXPORT int cudnnDestroyTensorDescriptor(void* descriptor) {
  delete static_cast<Array*>(descriptor);
  return 0;
}
EXPORT int cudnnSetTensorNdDescriptor(void* descriptor, int data, int rank, const int* lengths, const int* strides) {
  if (rank < 3 || rank > 5) return fail(2000, "the rank");
  Array& a = *static_cast<Array*>(descriptor);
  a.data = data;
  a.rank = rank;
  std::memcpy(a.length, lengths, sizeof(int) * static_cast<size_t>(rank));
  std::memcpy(a.stride, strides, sizeof(int) * static_cast<size_t>(rank));
  return 0;
}
EXPORT int cudnnCreateFilterDescriptor(void** descriptor) { return cudnnCreateTensorDescriptor(descriptor); }
EXPORT int cudnnDestroyFilterDescriptor(void* descriptor) { return cudnnDestroyTensorDescriptor(descriptor); }
EXPORT int cudnnSetFilterNdDescriptor(void* descriptor, int data, int format, int rank, const int* lengths) {
  if (format != 0 || (rank != 4 && rank != 5)) return fail(2000, "the format or the rank");
  int strides[5], step = 1;
  for (int d = rank - 1; d >= 0; d--) {
    strides[d] = step;
    step *= lengths[d];
  }
  return cudnnSetTensorNdDescriptor(descriptor, data, rank, lengths, strides);
}
EXPORT int cudnnCreateConvolutionDescriptor(void** descriptor) {
  *descriptor = new Convolution;
  return 0;
}
EXPORT int cudnnDestroyConvolutionDescriptor(void* descriptor) {
  delete static_cast<Convolution*>(descriptor);
  return 0;
}
EXPORT int cudnnSetConvolutionNdDescriptor(void* descriptor, int rank, const int* padding, const int* stride, const int* dilation, int mode,
                                           int compute) {
  if (rank != 2 && rank != 3) return fail(2000, "the rank");
  Convolution& c = *static_cast<Convolution*>(descriptor);
  c.rank = rank;
  std::memcpy(c.padding, padding, sizeof(int) * static_cast<size_t>(rank));
  std::memcpy(c.stride, stride, sizeof(int) * static_cast<size_t>(rank));
  std::memcpy(c.dilation, dilation, sizeof(int) * static_cast<size_t>(rank));
  c.mode = mode;
  c.compute = compute;
  return 0;
}
EXPORT int cudnnSetConvolutionGroupCount(void* descriptor, int groups) {
  static_cast<Convolution*>(descriptor)->groups = groups;
  return 0;
}
EXPORT int cudnnSetConvolutionMathType(void* descriptor, int math) {
  static_cast<Convolution*>(descriptor)->math = math;
  return 0;
}
EXPORT int cudnnGetConvolutionForwardAlgorithm_v7(void*, void* x, void* w, void* c, void* y, int wanted, int* count, Performance* results) {
  return find(array(x), array(w), array(y), convolution(c), wanted, count, results);
}
EXPORT int cudnnGetConvolutionBackwardDataAlgorithm_v7(void*, void* w, void* y, void* c, void* x, int wanted, int* count, Performance* results) {
  return find(array(x), array(w), array(y), convolution(c), wanted, count, results);
}
EXPORT int cudnnGetConvolutionBackwardFilterAlgorithm_v7(void*, void* x, void* y, void* c, void* w, int wanted, int* count, Performance* results) {
  return find(array(x), array(w), array(y), convolution(c), wanted, count, results);
}
EXPORT int cudnnGetConvolutionForwardWorkspaceSize(void*, void*, void*, void*, void*, int algorithm, size_t* bytes) {
  return sizeOf(algorithm, bytes);
}
EXPORT int cudnnGetConvolutionBackwardDataWorkspaceSize(void*, void*, void*, void*, void*, int algorithm, size_t* bytes) {
  return sizeOf(algorithm, bytes);
}
EXPORT int cudnnGetConvolutionBackwardFilterWorkspaceSize(void*, void*, void*, void*, void*, int algorithm, size_t* bytes) {
  return sizeOf(algorithm, bytes);
}
EXPORT int cudnnConvolutionForward(void*, const void* alpha, void* x, const void* xData, void* w, const void* wData, void* c, int algorithm,
                                   void* workspace, size_t bytes, const void* beta, void* y, void* yData) {
  return run(forward, alpha, array(x), xData, array(w), wData, array(y), yData, convolution(c), algorithm, workspace, bytes, beta);
}
EXPORT int cudnnConvolutionBackwardData(void*, const void* alpha, void* w, const void* wData, void* y, const void* yData, void* c, int algorithm,
                                        void* workspace, size_t bytes, const void* beta, void* x, void* xData) {
  return run(gradientX, alpha, array(x), xData, array(w), wData, array(y), yData, convolution(c), algorithm, workspace, bytes, beta);
}
EXPORT int cudnnConvolutionBackwardFilter(void*, const void* alpha, void* x, const void* xData, void* y, const void* yData, void* c, int algorithm,
                                          void* workspace, size_t bytes, const void* beta, void* w, void* wData) {
  return run(gradientW, alpha, array(x), xData, array(w), wData, array(y), yData, convolution(c), algorithm, workspace, bytes, beta);
}
