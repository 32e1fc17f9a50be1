// The part of cuBLAS that is used, in declarations of our own, so that neither its headers nor the library are needed to build.
// cublas_check.cc compares them with the real ones where those are.
#pragma once

#include <string>

#include "product.h"

namespace knet::cublas {

using Handle = void*;
// All enumerations of cuBLAS are as large as int.
using Status = int;
using Operation = int;
using DataType = int;

inline constexpr Status success = 0, allocationFailed = 3, architectureMismatch = 8, notSupported = 15;
inline constexpr Operation asItIs = 0, transposed = 1;
inline constexpr DataType halves = 2, bfloats = 14;
inline constexpr int computeInFloat = 68, anyAlgorithm = -1;
// Math modes. Partial sums of halves and bfloats are never rounded to such.
inline constexpr int defaultMath = 0, tf32Math = 3, wholePrecision = 16;

using Gemm = Status(Handle, Operation, Operation, int m, int n, int k, const float* alpha, const float* a, int lda, const float* b,
                    int ldb, const float* beta, float* c, int ldc);
using GemmDouble = Status(Handle, Operation, Operation, int m, int n, int k, const double* alpha, const double* a, int lda,
                          const double* b, int ldb, const double* beta, double* c, int ldc);
using GemmBatched = Status(Handle, Operation, Operation, int m, int n, int k, const float* alpha, const float* a, int lda,
                           long long stepA, const float* b, int ldb, long long stepB, const float* beta, float* c, int ldc,
                           long long stepC, int count);
using GemmDoubleBatched = Status(Handle, Operation, Operation, int m, int n, int k, const double* alpha, const double* a, int lda,
                                 long long stepA, const double* b, int ldb, long long stepB, const double* beta, double* c, int ldc,
                                 long long stepC, int count);
using GemmOfTypes = Status(Handle, Operation, Operation, int m, int n, int k, const void* alpha, const void* a, DataType, int lda,
                           const void* b, DataType, int ldb, const void* beta, void* c, DataType, int ldc, int compute, int algorithm);
using GemmOfTypesBatched = Status(Handle, Operation, Operation, int m, int n, int k, const void* alpha, const void* a, DataType, int lda,
                                  long long stepA, const void* b, DataType, int ldb, long long stepB, const void* beta, void* c,
                                  DataType, int ldc, long long stepC, int count, int compute, int algorithm);

// Every function that is used, with its type.
#define KNET_CUBLAS_FUNCTIONS(F)                                 \
  F(cublasCreate_v2, Status(Handle*))                            \
  F(cublasDestroy_v2, Status(Handle))                            \
  F(cublasGetVersion_v2, Status(Handle, int*))                   \
  F(cublasGetStatusName, const char*(Status))                    \
  F(cublasSetStream_v2, Status(Handle, cudaStream_t))            \
  F(cublasSetWorkspace_v2, Status(Handle, void*, size_t))        \
  F(cublasSetMathMode, Status(Handle, int))                      \
  F(cublasSgemm_v2, Gemm)                                        \
  F(cublasDgemm_v2, GemmDouble)                                  \
  F(cublasSgemmStridedBatched, GemmBatched)                      \
  F(cublasDgemmStridedBatched, GemmDoubleBatched)                \
  F(cublasGemmEx, GemmOfTypes)                                   \
  F(cublasGemmStridedBatchedEx, GemmOfTypesBatched)

template <class Type>
using Pointer = Type*;

struct Library {
  // Whether all functions are there.
  bool open = false;
  // The version, or in parentheses the reason why it is not used.
  std::string description;
#define KNET_MEMBER(name, ...) Pointer<__VA_ARGS__> name = nullptr;
  KNET_CUBLAS_FUNCTIONS(KNET_MEMBER)
#undef KNET_MEMBER
};

// Opened at the first call, for all threads: the one that KNET_CUBLAS names (`off` for none), or the newest that is installed.
const Library& library();

// The handle of this thread, on its stream.
Handle handle();
// Gives the handle of this thread back.
void close();

// @throws GpuError with the name of a status that is not success, OutOfMemory
void check(Status status, const char* function);

// Enqueues a product if cuBLAS is there and made for such a one; returns whether it did.
bool enqueue(const Product& product);

}  // namespace knet::cublas
