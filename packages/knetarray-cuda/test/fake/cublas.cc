// Stands in for cuBLAS where there is no GPU: the same functions by their definition, on ordinary memory, and as strict about their
// arguments. Every call is noted in the file that KNET_FAKE_CUBLAS_NOTES names; products end with the status KNET_FAKE_CUBLAS_FAULT.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

struct Context {
  bool hasStream = false;
  size_t workspace = 0;
  int math = 0;
};

template <class... Numbers>
void note(const char* format, Numbers... numbers) {
  const char* const path = std::getenv("KNET_FAKE_CUBLAS_NOTES");
  std::FILE* const file = path != nullptr ? std::fopen(path, "a") : nullptr;
  if (file == nullptr) return;
  std::fprintf(file, format, numbers...);
  std::fputc('\n', file);
  std::fclose(file);
}

struct HalfBits {
  uint16_t bits;
};
// The upper half of a float.
struct BfloatBits {
  uint16_t bits;
};
double valueOf(float x) { return x; }
double valueOf(double x) { return x; }
double valueOf(HalfBits x) {
  _Float16 half;
  std::memcpy(&half, &x, 2);
  return static_cast<double>(half);
}
double valueOf(BfloatBits x) {
  const uint32_t word = uint32_t{x.bits} << 16;
  float number;
  std::memcpy(&number, &word, 4);
  return number;
}
void put(float& place, double x) { place = static_cast<float>(x); }
void put(double& place, double x) { place = x; }
void put(HalfBits& place, double x) {
  const _Float16 half = static_cast<_Float16>(static_cast<float>(x));
  std::memcpy(&place, &half, 2);
}
// The nearest of the two neighbours.
void put(BfloatBits& place, double x) {
  const float number = static_cast<float>(x);
  uint32_t word;
  std::memcpy(&word, &number, 4);
  const BfloatBits below{static_cast<uint16_t>(word >> 16)}, above{static_cast<uint16_t>((word >> 16) + 1)};
  const uint32_t rest = word & 0xffff;
  const bool up = rest > 0x8000 || (rest == 0x8000 && (below.bits & 1) != 0);
  place = number == number && up ? above : number == number ? below : BfloatBits{0x7fc0};
}

constexpr int invalidValue = 7;

template <class T, class S>
int product(const char* name, void* handle, int opA, int opB, int m, int n, int k, const S* alpha, const T* a, int lda, long long stepA,
            const T* b, int ldb, long long stepB, const S* beta, T* c, int ldc, long long stepC, int count) {
  const Context& context = *static_cast<Context*>(handle);
  note("%s %c%c m=%d n=%d k=%d lda=%d ldb=%d ldc=%d count=%d steps=%lld,%lld,%lld math=%d", name, "NT"[opA], "NT"[opB], m, n, k, lda,
       ldb, ldc, count, stepA, stepB, stepC, context.math);
  if (const char* const fault = std::getenv("KNET_FAKE_CUBLAS_FAULT"); fault != nullptr && *fault != '\0') return std::atoi(fault);
  if (!context.hasStream || context.workspace == 0) return invalidValue;
  const auto fits = [](int leading, int lines) { return leading >= (lines > 1 ? lines : 1); };
  if (m < 0 || n < 0 || k < 0 || count < 0) return invalidValue;
  if (!fits(lda, opA == 0 ? m : k) || !fits(ldb, opB == 0 ? k : n) || !fits(ldc, m)) return invalidValue;
  for (int64_t p = 0; p < count; p++) {
    const T *x = a + p * stepA, *y = b + p * stepB;
    T* const z = c + p * stepC;
    for (int64_t j = 0; j < n; j++) {
      for (int64_t i = 0; i < m; i++) {
        double sum = 0;
        for (int64_t l = 0; l < k; l++)
          sum += valueOf(opA == 0 ? x[i + l * lda] : x[l + i * lda]) * valueOf(opB == 0 ? y[l + j * ldb] : y[j + l * ldb]);
        T& place = z[i + j * ldc];
        put(place, *alpha * sum + (*beta == 0 ? 0 : *beta * valueOf(place)));
      }
    }
  }
  return 0;
}

}  // namespace

#define FAKE extern "C" __attribute__((visibility("default")))

FAKE int cublasCreate_v2(void** handle) {
  note("create");
  *handle = new Context;
  return 0;
}
FAKE int cublasDestroy_v2(void* handle) {
  note("destroy");
  delete static_cast<Context*>(handle);
  return 0;
}
FAKE int cublasGetVersion_v2(void*, int* version) {
  *version = 120405;
  return 0;
}
FAKE const char* cublasGetStatusName(int status) {
  switch (status) {
    case 3:
      return "CUBLAS_STATUS_ALLOC_FAILED";
    case 7:
      return "CUBLAS_STATUS_INVALID_VALUE";
    default:
      return "CUBLAS_STATUS_EXECUTION_FAILED";
  }
}
// The emulator has one stream, which is nothing; the workspace belongs to the stream.
FAKE int cublasSetStream_v2(void* handle, void*) {
  auto* const context = static_cast<Context*>(handle);
  context->hasStream = true;
  context->workspace = 0;
  return 0;
}
FAKE int cublasSetWorkspace_v2(void* handle, void* workspace, size_t bytes) {
  note("workspace %zu", bytes);
  static_cast<Context*>(handle)->workspace = workspace != nullptr ? bytes : 0;
  return 0;
}
FAKE int cublasSetMathMode(void* handle, int mode) {
  static_cast<Context*>(handle)->math = mode;
  return 0;
}

FAKE int cublasSgemm_v2(void* handle, int opA, int opB, int m, int n, int k, const float* alpha, const float* a, int lda, const float* b,
                        int ldb, const float* beta, float* c, int ldc) {
  return product("Sgemm", handle, opA, opB, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0, 1);
}
#ifndef WITHOUT_DGEMM
FAKE int cublasDgemm_v2(void* handle, int opA, int opB, int m, int n, int k, const double* alpha, const double* a, int lda, const double* b,
                        int ldb, const double* beta, double* c, int ldc) {
  return product("Dgemm", handle, opA, opB, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0, 1);
}
#endif
FAKE int cublasSgemmStridedBatched(void* handle, int opA, int opB, int m, int n, int k, const float* alpha, const float* a, int lda,
                                   long long stepA, const float* b, int ldb, long long stepB, const float* beta, float* c, int ldc,
                                   long long stepC, int count) {
  return product("SgemmStridedBatched", handle, opA, opB, m, n, k, alpha, a, lda, stepA, b, ldb, stepB, beta, c, ldc, stepC, count);
}
FAKE int cublasDgemmStridedBatched(void* handle, int opA, int opB, int m, int n, int k, const double* alpha, const double* a, int lda,
                                   long long stepA, const double* b, int ldb, long long stepB, const double* beta, double* c, int ldc,
                                   long long stepC, int count) {
  return product("DgemmStridedBatched", handle, opA, opB, m, n, k, alpha, a, lda, stepA, b, ldb, stepB, beta, c, ldc, stepC, count);
}

// Of halves, which are type 2, or of bfloats, which are type 14, computed in float, which is 68; -1 leaves the algorithm open.
template <class T>
static int productOf(const char* name, void* handle, int opA, int opB, int m, int n, int k, const void* alpha, const void* a, int lda,
                     long long stepA, const void* b, int ldb, long long stepB, const void* beta, void* c, int ldc, long long stepC, int count) {
  return product(name, handle, opA, opB, m, n, k, static_cast<const float*>(alpha), static_cast<const T*>(a), lda, stepA,
                 static_cast<const T*>(b), ldb, stepB, static_cast<const float*>(beta), static_cast<T*>(c), ldc, stepC, count);
}
template <class... Rest>
static int productOfTypes(int typeA, int typeB, int typeC, int compute, int algorithm, Rest... rest) {
  if (typeA != typeB || typeA != typeC || compute != 68 || algorithm != -1) return invalidValue;
  if (typeA == 2) return productOf<HalfBits>(rest...);
  return typeA == 14 ? productOf<BfloatBits>(rest...) : invalidValue;
}
FAKE int cublasGemmEx(void* handle, int opA, int opB, int m, int n, int k, const void* alpha, const void* a, int typeA, int lda, const void* b,
                      int typeB, int ldb, const void* beta, void* c, int typeC, int ldc, int compute, int algorithm) {
  return productOfTypes(typeA, typeB, typeC, compute, algorithm, "GemmEx", handle, opA, opB, m, n, k, alpha, a, lda, 0LL, b, ldb, 0LL, beta,
                        c, ldc, 0LL, 1);
}
FAKE int cublasGemmStridedBatchedEx(void* handle, int opA, int opB, int m, int n, int k, const void* alpha, const void* a, int typeA, int lda,
                                    long long stepA, const void* b, int typeB, int ldb, long long stepB, const void* beta, void* c,
                                    int typeC, int ldc, long long stepC, int count, int compute, int algorithm) {
  return productOfTypes(typeA, typeB, typeC, compute, algorithm, "GemmStridedBatchedEx", handle, opA, opB, m, n, k, alpha, a, lda, stepA, b,
                        ldb, stepB, beta, c, ldc, stepC, count);
}
