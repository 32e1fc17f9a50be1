// The part of cuDNN 9 that is used, in declarations of our own: nothing of it is needed to build. Descriptors are pointers, and what
// cuDNN enumerates are whole numbers. cudnn_check.cc compares this with cuDNN's headers where they are installed.
#pragma once

#include <cstddef>

namespace knet::cudnn {

using Status = int;
using Handle = void*;
using Descriptor = void*;  // of a tensor, a filter or a convolution
using Stream = void*;

inline constexpr int majorVersion = 9;

// Of a status: its thousands tell the kind.
inline constexpr Status success = 0, notSupported = 3000, internalError = 4000;

inline constexpr int dataFloat = 0, dataDouble = 1, dataHalf = 2, dataBfloat = 9;
inline constexpr int formatNchw = 0;
inline constexpr int crossCorrelation = 1;
// How products of numbers are made: in full, or on tensor cores, which for single precision take fewer bits (TF32).
inline constexpr int mathDefault = 0, mathTensorOp = 1, mathFma = 3;
inline constexpr int deterministic = 1;

// What cuDNN expects of an algorithm.
struct Performance {
  int algorithm;
  Status status;
  float time;
  size_t memory;
  int determinism;
  int math;
  int reserved[3];
};

// Convolution and its two gradients have functions of the same form, but for the order of the operands' descriptors.
using FindAlgorithm = Status (*)(Handle, Descriptor a, Descriptor b, Descriptor convolution, Descriptor output, int wanted, int* found,
                                 Performance* results);
using WorkspaceSize = Status (*)(Handle, Descriptor a, Descriptor b, Descriptor convolution, Descriptor output, int algorithm, size_t* bytes);
using Convolve = Status (*)(Handle, const void* alpha, Descriptor a, const void* aData, Descriptor b, const void* bData,
                            Descriptor convolution, int algorithm, void* workspace, size_t bytes, const void* beta, Descriptor output,
                            void* outputData);

// Calls f(name here, type, cuDNN's name) for every function.
#define KNET_CUDNN_FUNCTIONS(f)                                                                                              \
  f(getVersion, size_t (*)(), cudnnGetVersion)                                                                               \
  f(getErrorString, const char* (*)(Status), cudnnGetErrorString)                                                            \
  f(getLastErrorString, void (*)(char* text, size_t most), cudnnGetLastErrorString)                                          \
  f(create, Status (*)(Handle*), cudnnCreate)                                                                                \
  f(destroy, Status (*)(Handle), cudnnDestroy)                                                                               \
  f(setStream, Status (*)(Handle, Stream), cudnnSetStream)                                                                   \
  f(createTensor, Status (*)(Descriptor*), cudnnCreateTensorDescriptor)                                                      \
  f(destroyTensor, Status (*)(Descriptor), cudnnDestroyTensorDescriptor)                                                     \
  f(setTensor, Status (*)(Descriptor, int data, int rank, const int* lengths, const int* strides), cudnnSetTensorNdDescriptor) \
  f(createFilter, Status (*)(Descriptor*), cudnnCreateFilterDescriptor)                                                      \
  f(destroyFilter, Status (*)(Descriptor), cudnnDestroyFilterDescriptor)                                                     \
  f(setFilter, Status (*)(Descriptor, int data, int format, int rank, const int* lengths), cudnnSetFilterNdDescriptor)       \
  f(createConvolution, Status (*)(Descriptor*), cudnnCreateConvolutionDescriptor)                                            \
  f(destroyConvolution, Status (*)(Descriptor), cudnnDestroyConvolutionDescriptor)                                           \
  f(setConvolution,                                                                                                          \
    Status (*)(Descriptor, int rank, const int* padding, const int* stride, const int* dilation, int mode, int compute),     \
    cudnnSetConvolutionNdDescriptor)                                                                                         \
  f(setGroups, Status (*)(Descriptor, int), cudnnSetConvolutionGroupCount)                                                   \
  f(setMath, Status (*)(Descriptor, int), cudnnSetConvolutionMathType)                                                       \
  f(findForward, FindAlgorithm, cudnnGetConvolutionForwardAlgorithm_v7)                                                      \
  f(sizeForward, WorkspaceSize, cudnnGetConvolutionForwardWorkspaceSize)                                                     \
  f(forward, Convolve, cudnnConvolutionForward)                                                                              \
  f(findGradientX, FindAlgorithm, cudnnGetConvolutionBackwardDataAlgorithm_v7)                                               \
  f(sizeGradientX, WorkspaceSize, cudnnGetConvolutionBackwardDataWorkspaceSize)                                              \
  f(gradientX, Convolve, cudnnConvolutionBackwardData)                                                                       \
  f(findGradientW, FindAlgorithm, cudnnGetConvolutionBackwardFilterAlgorithm_v7)                                             \
  f(sizeGradientW, WorkspaceSize, cudnnGetConvolutionBackwardFilterWorkspaceSize)                                            \
  f(gradientW, Convolve, cudnnConvolutionBackwardFilter)

template <class T>
struct Identity {
  using Type = T;
};

struct Api {
#define KNET_CUDNN_FUNCTION(name, type, symbol) Identity<type>::Type name = nullptr;
  KNET_CUDNN_FUNCTIONS(KNET_CUDNN_FUNCTION)
#undef KNET_CUDNN_FUNCTION
};

}  // namespace knet::cudnn
