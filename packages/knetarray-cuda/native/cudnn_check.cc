// Compares cudnn_api.h with cuDNN's own headers, where the compiler finds them (CPATH may name their folder). There is no code here.
#if defined(KNET_CUDA) && __has_include(<cudnn.h>)
#include <cudnn.h>

#include <type_traits>

#include "cudnn_api.h"

namespace knet::cudnn {
namespace {

static_assert(CUDNN_MAJOR == majorVersion);
static_assert(success == CUDNN_STATUS_SUCCESS && notSupported == CUDNN_STATUS_NOT_SUPPORTED && internalError == CUDNN_STATUS_INTERNAL_ERROR);
static_assert(dataFloat == CUDNN_DATA_FLOAT && dataDouble == CUDNN_DATA_DOUBLE && dataHalf == CUDNN_DATA_HALF);
static_assert(dataBfloat == CUDNN_DATA_BFLOAT16);
static_assert(formatNchw == CUDNN_TENSOR_NCHW && crossCorrelation == CUDNN_CROSS_CORRELATION && deterministic == CUDNN_DETERMINISTIC);
static_assert(mathDefault == CUDNN_DEFAULT_MATH && mathTensorOp == CUDNN_TENSOR_OP_MATH && mathFma == CUDNN_FMA_MATH);
static_assert(algorithmStandard == CUDNN_RNN_ALGO_STANDARD && cellLstm == CUDNN_LSTM && singleInputBias == CUDNN_RNN_SINGLE_INP_BIAS);
static_assert(unidirectional == CUDNN_UNIDIRECTIONAL && linearInput == CUDNN_LINEAR_INPUT && noFlags == CUDNN_RNN_PADDED_IO_DISABLED);
static_assert(sequencePacked == CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED && addGradients == CUDNN_WGRAD_MODE_ADD);
static_assert(inference == CUDNN_FWD_MODE_INFERENCE && training == CUDNN_FWD_MODE_TRAINING);

template <class Theirs>
constexpr bool sameLayout() {
  return sizeof(Performance) == sizeof(Theirs) && offsetof(Performance, algorithm) == offsetof(Theirs, algo) &&
         offsetof(Performance, status) == offsetof(Theirs, status) && offsetof(Performance, time) == offsetof(Theirs, time) &&
         offsetof(Performance, memory) == offsetof(Theirs, memory) && offsetof(Performance, determinism) == offsetof(Theirs, determinism) &&
         offsetof(Performance, math) == offsetof(Theirs, mathType);
}
static_assert(sameLayout<cudnnConvolutionFwdAlgoPerf_t>());
static_assert(sameLayout<cudnnConvolutionBwdDataAlgoPerf_t>());
static_assert(sameLayout<cudnnConvolutionBwdFilterAlgoPerf_t>());

// Types that a call passes in the same way.
template <class Ours, class Theirs>
constexpr bool alike = std::is_same_v<Ours, Theirs> || (std::is_pointer_v<Ours> && std::is_pointer_v<Theirs>) ||
                       (std::is_same_v<Ours, int> && std::is_enum_v<Theirs> && sizeof(std::conditional_t<std::is_enum_v<Theirs>, Theirs, int>) == sizeof(int));

template <class Ours, class Theirs>
struct Matches : std::false_type {};
template <class R, class... Args, class S, class... Others>
struct Matches<R (*)(Args...), S (*)(Others...)> {
  static constexpr bool all() {
    if constexpr (sizeof...(Args) == sizeof...(Others)) return alike<R, S> && (alike<Args, Others> && ...);
    else return false;
  }
  static constexpr bool value = all();
};

#define KNET_CUDNN_MATCHES(name, type, symbol) static_assert(Matches<Identity<type>::Type, decltype(&::symbol)>::value, #symbol);
KNET_CUDNN_FUNCTIONS(KNET_CUDNN_MATCHES)
KNET_CUDNN_RNN_FUNCTIONS(KNET_CUDNN_MATCHES)
#undef KNET_CUDNN_MATCHES

}  // namespace
}  // namespace knet::cudnn
#endif
