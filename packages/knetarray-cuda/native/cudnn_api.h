// The part of cuDNN 9 that is used, in declarations of our own: nothing of it is needed to build. Descriptors are pointers, and what
// cuDNN enumerates are whole numbers. cudnn_check.cc compares this with cuDNN's headers where they are installed.
#pragma once

#include <cstddef>

namespace knet::cudnn {

using Status = int;
using Handle = void*;
using Descriptor = void*;  // of a tensor, a filter, a convolution, a dropout, a recurrent network or its data
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

// Of recurrent networks.
inline constexpr int algorithmStandard = 0, cellLstm = 2, singleInputBias = 1, unidirectional = 0, linearInput = 0;
inline constexpr int sequencePacked = 1;  // [features, batch, time] without gaps, all sequences of one length
inline constexpr unsigned noFlags = 0;
inline constexpr int inference = 0, training = 1;
inline constexpr int addGradients = 0;

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

// The same for recurrent networks, in the form that they have had since cuDNN 8 and that cuDNN 9.6 declares. Only LSTM layers need them.
// Functions that take a space for numbers take its bytes first.
#define KNET_CUDNN_RNN_FUNCTIONS(f)                                                                                          \
  f(createDropout, Status (*)(Descriptor*), cudnnCreateDropoutDescriptor)                                                    \
  f(destroyDropout, Status (*)(Descriptor), cudnnDestroyDropoutDescriptor)                                                   \
  f(setDropout, Status (*)(Descriptor, Handle, float probability, void* states, size_t bytes, unsigned long long seed),      \
    cudnnSetDropoutDescriptor)                                                                                               \
  f(createRnn, Status (*)(Descriptor*), cudnnCreateRNNDescriptor)                                                            \
  f(destroyRnn, Status (*)(Descriptor), cudnnDestroyRNNDescriptor)                                                           \
  f(setRnn,                                                                                                                  \
    Status (*)(Descriptor, int algorithm, int cell, int bias, int direction, int input, int data, int compute, int math,     \
               int inputs, int size, int projection, int layers, Descriptor dropout, unsigned flags),                        \
    cudnnSetRNNDescriptor_v8)                                                                                                \
  f(createSequence, Status (*)(Descriptor*), cudnnCreateRNNDataDescriptor)                                                   \
  f(destroySequence, Status (*)(Descriptor), cudnnDestroyRNNDataDescriptor)                                                  \
  f(setSequence,                                                                                                             \
    Status (*)(Descriptor, int data, int layout, int time, int batch, int features, const int* lengths, void* filling),      \
    cudnnSetRNNDataDescriptor)                                                                                               \
  f(weightBytes, Status (*)(Handle, Descriptor rnn, size_t* bytes), cudnnGetRNNWeightSpaceSize)                              \
  f(weightPlace,                                                                                                             \
    Status (*)(Handle, Descriptor rnn, int layer, size_t bytes, const void* weights, int part, Descriptor matrix,            \
               void** matrixPlace, Descriptor bias, void** biasPlace),                                                       \
    cudnnGetRNNWeightParams)                                                                                                 \
  f(spaceBytes, Status (*)(Handle, Descriptor rnn, int mode, Descriptor x, size_t* work, size_t* reserve),                   \
    cudnnGetRNNTempSpaceSizes)                                                                                               \
  f(rnnForward,                                                                                                              \
    Status (*)(Handle, Descriptor rnn, int mode, const int* lengths, Descriptor x, const void* xData, Descriptor y,          \
               void* yData, Descriptor h, const void* firstHidden, void* lastHidden, Descriptor c, const void* firstCell,    \
               void* lastCell, size_t, const void* weights, size_t, void* work, size_t, void* reserve),                      \
    cudnnRNNForward)                                                                                                         \
  f(rnnGradientX,                                                                                                            \
    Status (*)(Handle, Descriptor rnn, const int* lengths, Descriptor y, const void* yData, const void* dy, Descriptor x,    \
               void* dx, Descriptor h, const void* firstHidden, const void* dLastHidden, void* dFirstHidden, Descriptor c,   \
               const void* firstCell, const void* dLastCell, void* dFirstCell, size_t, const void* weights, size_t,          \
               void* work, size_t, void* reserve),                                                                           \
    cudnnRNNBackwardData_v8)                                                                                                 \
  f(rnnGradientW,                                                                                                            \
    Status (*)(Handle, Descriptor rnn, int mode, const int* lengths, Descriptor x, const void* xData, Descriptor h,          \
               const void* firstHidden, Descriptor y, const void* yData, size_t, void* dWeights, size_t, void* work, size_t, \
               void* reserve),                                                                                               \
    cudnnRNNBackwardWeights_v8)

template <class T>
struct Identity {
  using Type = T;
};

struct Api {
#define KNET_CUDNN_FUNCTION(name, type, symbol) Identity<type>::Type name = nullptr;
  KNET_CUDNN_FUNCTIONS(KNET_CUDNN_FUNCTION)
  KNET_CUDNN_RNN_FUNCTIONS(KNET_CUDNN_FUNCTION)
#undef KNET_CUDNN_FUNCTION
  // Whether the functions of recurrent networks are there.
  bool recurrent = false;
};

}  // namespace knet::cudnn
