// The weights of an LSTM layer in the order of another library, and back. A column of ours is one unit of one gate, and what it is
// multiplied by lies side by side there, too: neighbouring threads have neighbouring numbers on both sides.
#include "../device.h"
#include "../divider.h"
#include "../lstm_layer.h"

namespace knet {
namespace {

constexpr int threads = 256;

// What a thread finds a number by; there are less than 2^31 of them.
struct Shape {
  Divider<int32_t> rows;   // of the weight, those for x first
  Divider<int32_t> units;  // of one gate
  int32_t inputs, weights, biases;

  explicit Shape(const LstmLayer& l)
      : rows(static_cast<int32_t>(l.inputs + l.size)),
        units(static_cast<int32_t>(l.size)),
        inputs(static_cast<int32_t>(l.inputs)),
        weights(static_cast<int32_t>(l.sizeOfWeight())),
        biases(static_cast<int32_t>(4 * l.size)) {}

  // Where in the space the i-th number of the weight is.
  __device__ int64_t placeOfWeight(const LstmWeightPlaces& p, int32_t row) const {
    const int32_t column = rows.split(row);
    int32_t unit = column;
    const int32_t gate = units.split(unit);
    if (row < inputs) return pick(p.ofX, gate) + int64_t{unit} * inputs + row;
    return pick(p.ofHidden, gate) + int64_t{unit} * units.divisor() + (row - inputs);
  }
  // The same of the bias.
  __device__ int64_t placeOfBias(const LstmWeightPlaces& p, int32_t unit) const {
    const int32_t gate = units.split(unit);
    return pick(p.ofBias, gate) + unit;
  }

 private:
  // Without an index that is known at run time alone, which would move the list to slower memory.
  __device__ static int64_t pick(const int64_t (&list)[4], int32_t gate) {
    return gate < 2 ? (gate == 0 ? list[0] : list[1]) : (gate == 2 ? list[2] : list[3]);
  }
};

template <class T>
__global__ void __launch_bounds__(threads)
    packKernel(const Shape shape, const LstmWeightPlaces places, const T* weight, const T* bias, T* space, int32_t* lengths, int32_t batch,
               int32_t time) {
  const int64_t step = int64_t{gridDim.x} * threads, first = int64_t{blockIdx.x} * threads + threadIdx.x;
  for (int64_t i = first; i < shape.weights; i += step) space[shape.placeOfWeight(places, static_cast<int32_t>(i))] = weight[i];
  for (int64_t i = first; i < shape.biases; i += step) space[shape.placeOfBias(places, static_cast<int32_t>(i))] = bias[i];
  for (int64_t i = first; i < batch; i += step) lengths[i] = time;
}

template <class T>
__global__ void __launch_bounds__(threads)
    unpackKernel(const Shape shape, const LstmWeightPlaces places, const T* space, T* weight, T* bias) {
  const int64_t step = int64_t{gridDim.x} * threads, first = int64_t{blockIdx.x} * threads + threadIdx.x;
  for (int64_t i = first; i < shape.weights; i += step) weight[i] = space[shape.placeOfWeight(places, static_cast<int32_t>(i))];
  for (int64_t i = first; i < shape.biases; i += step) bias[i] = space[shape.placeOfBias(places, static_cast<int32_t>(i))];
}

// Calls f with a number of a layer's type.
template <class F>
void withWideType(DType dtype, F f) {
  if (dtype == DType::float64) f(double{});
  else f(float{});
}

}  // namespace

void packLstmWeights(const LstmLayer& l, const LstmWeightPlaces& places, const char* weight, const char* bias, char* space, int32_t* lengths) {
  withWideType(l.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto batch = static_cast<int32_t>(l.batch), time = static_cast<int32_t>(l.time);
    KNET_LAUNCH_FREE(packKernel<T>, blocksFor(l.sizeOfWeight(), threads), threads, stream(), Shape(l), places,
                     reinterpret_cast<const T*>(weight), reinterpret_cast<const T*>(bias), reinterpret_cast<T*>(space), lengths, batch, time);
  });
}

void unpackLstmWeights(const LstmLayer& l, const LstmWeightPlaces& places, const char* space, char* weight, char* bias) {
  withWideType(l.dtype, [&](auto zero) {
    using T = decltype(zero);
    KNET_LAUNCH_FREE(unpackKernel<T>, blocksFor(l.sizeOfWeight(), threads), threads, stream(), Shape(l), places,
                     reinterpret_cast<const T*>(space), reinterpret_cast<T*>(weight), reinterpret_cast<T*>(bias));
  });
}

}  // namespace knet
