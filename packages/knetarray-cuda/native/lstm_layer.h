// A whole LSTM layer: its geometry, and where another library wants its weights.
#pragma once

#include <cstdint>

#include "types.h"

namespace knet {

// weight [inputs + size, 4 size], bias [1, 4 size] with the gates in the order forget, in, out, change; x [inputs, batch, time]; states
// [size, batch]; y [size, batch, time + 1], the last cell behind the hidden states. The first dimension is the fastest.
struct LstmLayer {
  DType dtype;
  int64_t inputs, size, batch, time;

  int64_t sizeOfWeight() const { return (inputs + size) * 4 * size; }
  int64_t sizeOfX() const { return inputs * batch * time; }
  int64_t sizeOfState() const { return size * batch; }
};

// Where the parts of each gate, in our order, begin in a space for weights, in elements. The matrices have the numbers of one unit side
// by side: those that x is multiplied by, [inputs, size], and those of the hidden state, [size, size].
struct LstmWeightPlaces {
  int64_t ofX[4], ofHidden[4], ofBias[4];
};

// Copies weight and bias into such a space, and writes the length of every sequence, `time`, to a list of `batch` numbers.
void packLstmWeights(const LstmLayer& layer, const LstmWeightPlaces& places, const char* weight, const char* bias, char* space, int32_t* lengths);

// Copies weight and bias, or their gradients, out of such a space.
void unpackLstmWeights(const LstmLayer& layer, const LstmWeightPlaces& places, const char* space, char* weight, char* bias);

}  // namespace knet
