// Compares our declarations of cuBLAS with the real ones, where its headers are. There is nothing in it to run.
#if defined(KNET_CUDA) && __has_include(<cublas_v2.h>)
#include <cublas_v2.h>

#include <type_traits>

#include "cublas.h"

namespace knet::cublas {
namespace {

static_assert(CUBLAS_STATUS_SUCCESS == success && CUBLAS_STATUS_ALLOC_FAILED == allocationFailed);
static_assert(CUBLAS_STATUS_ARCH_MISMATCH == architectureMismatch && CUBLAS_STATUS_NOT_SUPPORTED == notSupported);
static_assert(CUBLAS_OP_N == asItIs && CUBLAS_OP_T == transposed);
static_assert(CUDA_R_16F == halves && CUDA_R_16BF == bfloats && CUBLAS_COMPUTE_32F == computeInFloat && CUBLAS_GEMM_DEFAULT == anyAlgorithm);
static_assert(CUBLAS_DEFAULT_MATH == defaultMath && CUBLAS_TF32_TENSOR_OP_MATH == tf32Math);
static_assert(CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION == wholePrecision);

// A type of cuBLAS as we write it: int for an enumeration, a handle without a type.
template <class T, bool enumeration = std::is_enum_v<T>>
struct PlainOf {
  using Type = T;
};
template <class T>
struct PlainOf<T, true> {
  static_assert(sizeof(T) == sizeof(int));
  using Type = int;
};
template <>
struct PlainOf<cublasHandle_t> {
  using Type = Handle;
};
template <>
struct PlainOf<cublasHandle_t*> {
  using Type = Handle*;
};
template <class Result, class... Arguments>
struct PlainOf<Result(Arguments...), false> {
  using Type = typename PlainOf<Result>::Type(typename PlainOf<Arguments>::Type...);
};

// The header has two functions of these names each: the one that the library exports, and one for the enumerations of old.
template <class Ours>
struct Exported {};
template <>
struct Exported<GemmOfTypes> {
  using Type = cublasStatus_t(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int, const void*, const void*, cudaDataType,
                              int, const void*, cudaDataType, int, const void*, void*, cudaDataType, int, cublasComputeType_t,
                              cublasGemmAlgo_t);
};
template <>
struct Exported<GemmOfTypesBatched> {
  using Type = cublasStatus_t(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int, const void*, const void*, cudaDataType,
                              int, long long, const void*, cudaDataType, int, long long, const void*, void*, cudaDataType, int, long long,
                              int, cublasComputeType_t, cublasGemmAlgo_t);
};

template <class Ours, class Theirs>
using Same = std::is_same<Ours, typename PlainOf<Theirs>::Type>;
template <class Ours, class Theirs>
auto same(Theirs*) -> Same<Ours, Theirs>;
template <class Ours>
auto same(typename Exported<Ours>::Type*) -> Same<Ours, typename Exported<Ours>::Type>;

#define KNET_SAME(name, ...) static_assert(decltype(same<__VA_ARGS__>(&::name))::value, #name " is declared in another way by cuBLAS");
KNET_CUBLAS_FUNCTIONS(KNET_SAME)

}  // namespace
}  // namespace knet::cublas
#endif
