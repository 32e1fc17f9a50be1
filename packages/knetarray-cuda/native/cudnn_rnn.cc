// LSTM layers by cuDNN, with the functions that it has had for recurrent networks since version 8. Our [features, batch, time] are its
// packed sequences, and its matrices have the numbers of a unit side by side, as our weights do.
#include <algorithm>
#include <array>
#include <climits>
#include <map>
#include <stdexcept>
#include <vector>

#include "cudnn.h"
#include "device.h"
#include "kernels.h"
#include "libraries.h"
#include "lstm_layer.h"
#include "words.h"

namespace knet {
namespace cudnn {
namespace {

// cuDNN's numbers of our gates forget, in, out, change. Those of the hidden state's matrices are 4 more.
constexpr int gateNumbers[] = {1, 0, 3, 2};

std::string nameOf(const LstmLayer& l) {
  return "an LSTM layer of " + std::to_string(l.inputs) + " inputs, " + std::to_string(l.size) + " units, batch " +
         std::to_string(l.batch) + " and " + std::to_string(l.time) + " steps";
}

// Throws what cuDNN says, unless all went well. Unless the GPU failed, work can go on.
void accept(Status status, const LstmLayer& l, const char* what) {
  if (status == success) return;
  const std::string text = std::string("cuDNN, ") + what + " of " + nameOf(l) + ": " + describe(status);
  if (status >= internalError) throw GpuError(text);
  throw std::runtime_error(text + " (with KNET_CUDNN=off such layers are made of other kernels)");
}

// The descriptors of a layer, the bytes that cuDNN wants for it, and where in its space the weights go.
struct Plan {
  Owned dropout{api().createDropout, api().destroyDropout};
  Owned rnn{api().createRnn, api().destroyRnn};
  Owned x{api().createSequence, api().destroySequence};
  Owned y{api().createSequence, api().destroySequence};
  Owned state{api().createTensor, api().destroyTensor};
  size_t weights = 0, reserve = 0;
  size_t work[2] = {0, 0};  // for inference and for training
  LstmWeightPlaces places;
  bool supported = false;

  explicit Plan(const LstmLayer& l) {
    const Status status = describe(l);
    if (isUnsupported(status)) return;
    accept(status, l, "the description");
    findPlaces(l);
    supported = true;
  }

 private:
  Status describe(const LstmLayer& l) {
    const int data = l.dtype == DType::float64 ? dataDouble : dataFloat;
    const int math = l.dtype == DType::float32 && !tf32Allowed() ? mathFma : mathDefault;
    const int inputs = static_cast<int>(l.inputs), size = static_cast<int>(l.size), batch = static_cast<int>(l.batch);
    const int time = static_cast<int>(l.time);
    const std::vector<int> lengths(static_cast<size_t>(batch), time);
    const int shape[] = {1, batch, size}, strides[] = {batch * size, size, 1};
    // Nothing is dropped out, but there must be a descriptor; nor is the hidden state projected to another size.
    Status status = api().setDropout(dropout, handle(), 0, nullptr, 0, 0);
    if (status == success) {
      status = api().setRnn(rnn, algorithmStandard, cellLstm, singleInputBias, unidirectional, linearInput, data, data, math, inputs, size,
                            size, 1, dropout, noFlags);
    }
    if (status == success) status = api().setSequence(x, data, sequencePacked, time, batch, inputs, lengths.data(), nullptr);
    if (status == success) status = api().setSequence(y, data, sequencePacked, time, batch, size, lengths.data(), nullptr);
    if (status == success) status = api().setTensor(state, data, 3, shape, strides);
    if (status == success) status = api().weightBytes(handle(), rnn, &weights);
    size_t none = 0;
    if (status == success) status = api().spaceBytes(handle(), rnn, inference, x, &work[inference], &none);
    if (status == success) status = api().spaceBytes(handle(), rnn, training, x, &work[training], &reserve);
    return status;
  }

  void findPlaces(const LstmLayer& l) {
    const Owned matrix(api().createTensor, api().destroyTensor), bias(api().createTensor, api().destroyTensor);
    // cuDNN tells addresses in a space that it is given.
    const Scratch space(weights);
    const auto placeOf = [&](const void* address) {
      const int64_t offset = static_cast<const char*>(address) - space.as<const char>(), element = bytesOf(l.dtype);
      if (address == nullptr || offset < 0 || offset >= static_cast<int64_t>(weights) || offset % element != 0) {
        throw std::runtime_error("cuDNN has no place for the weights of " + nameOf(l));
      }
      return offset / element;
    };
    const auto ask = [&](int part, int64_t& matrixPlace, int64_t* biasPlace) {
      void *matrixAddress = nullptr, *biasAddress = nullptr;
      accept(api().weightPlace(handle(), rnn, 0, weights, space.as<char>(), part, matrix, &matrixAddress, bias, &biasAddress), l, "weights");
      matrixPlace = placeOf(matrixAddress);
      if (biasPlace != nullptr) *biasPlace = placeOf(biasAddress);
    };
    for (int gate = 0; gate < 4; gate++) {
      ask(gateNumbers[gate], places.ofX[gate], &places.ofBias[gate]);
      ask(gateNumbers[gate] + 4, places.ofHidden[gate], nullptr);
    }
  }
};

// The plans of this thread. Lengths of batches and sequences may vary without end: then it starts anew.
constexpr size_t mostPlans = 256;
thread_local std::map<std::array<int64_t, 6>, Plan> plans;

const Plan& planOf(const LstmLayer& l) {
  if (!hasLstmLayers()) throw std::runtime_error("there is no cuDNN for LSTM layers");
  const std::array<int64_t, 6> key{static_cast<int64_t>(l.dtype), l.inputs, l.size, l.batch, l.time, tf32Allowed()};
  const auto known = plans.find(key);
  if (known != plans.end()) return known->second;
  if (plans.size() >= mostPlans) plans.clear();
  return plans.try_emplace(key, l).first->second;
}

// Whether cuDNN can be told of it: its lengths are ints.
bool expressible(const LstmLayer& l) {
  return std::max({l.inputs, l.size, l.batch, l.time}) < INT_MAX &&
         std::max({l.sizeOfWeight(), l.sizeOfX(), 4 * l.sizeOfState() * (l.time + 1)}) <= INT_MAX;
}

// The numbers of an array in a place that begins at a multiple of 16 bytes, since cuDNN may take several at a time: where they are, or a
// copy of them.
class Aligned {
 public:
  // What is read, or written as a whole and then stored.
  Aligned(const char* data, int64_t bytes) : Aligned(const_cast<char*>(data), bytes, true) {}
  static Aligned output(char* data, int64_t bytes) { return Aligned(data, bytes, false); }
  char* get() const { return isCopy() ? copy_.as<char>() : data_; }
  void store() const {
    if (isCopy()) copyWithin(data_, get(), bytes_);
  }

 private:
  Aligned(char* data, int64_t bytes, bool reads)
      : data_(data), bytes_(static_cast<size_t>(bytes)), copy_(reinterpret_cast<uintptr_t>(data) % 16 == 0 ? 0 : bytes_) {
    if (reads && isCopy()) copyWithin(get(), data_, bytes_);
  }
  bool isCopy() const { return copy_.as<char>() != nullptr; }

  char* data_;
  size_t bytes_;
  Scratch copy_;
};

// The addresses of what a layer reads, or of the gradients.
struct Arrays {
  char *weight, *bias, *x, *hidden, *cell;
  explicit Arrays(Words& w) : weight(w.address()), bias(w.address()), x(w.address()), hidden(w.address()), cell(w.address()) {}
};

// The bytes of a layer's arrays; the hidden states of all steps are followed by the last cell.
struct Bytes {
  int64_t x, state, y;
  explicit Bytes(const LstmLayer& l)
      : x(l.sizeOfX() * bytesOf(l.dtype)), state(l.sizeOfState() * bytesOf(l.dtype)), y(state * l.time) {}
};

// What both ways begin with: the weights where cuDNN wants them.
struct Packed {
  Scratch weights, lengths;
  Packed(const Plan& plan, const LstmLayer& l, const Arrays& in)
      : weights(plan.weights), lengths(static_cast<size_t>(l.batch) * sizeof(int32_t)) {
    packLstmWeights(l, plan.places, in.weight, in.bias, weights.as<char>(), lengths.as<int32_t>());
  }
};

void forward(const Plan& plan, const LstmLayer& l, const Arrays& in, char* out, char* memory) {
  const Bytes bytes(l);
  const int mode = memory != nullptr ? training : inference;
  const Packed packed(plan, l, in);
  const Scratch work(plan.work[mode]);
  const Aligned x(in.x, bytes.x), hidden(in.hidden, bytes.state), cell(in.cell, bytes.state);
  const Aligned y = Aligned::output(out, bytes.y), last = Aligned::output(out + bytes.y, bytes.state);
  // The last hidden state is in y.
  accept(api().rnnForward(handle(), plan.rnn, mode, packed.lengths.as<int32_t>(), plan.x, x.get(), plan.y, y.get(), plan.state, hidden.get(),
                          nullptr, plan.state, cell.get(), last.get(), plan.weights, packed.weights.as<char>(), plan.work[mode],
                          work.as<char>(), mode == training ? plan.reserve : 0, memory),
         l, "the way forward");
  y.store();
  last.store();
}

void backward(const Plan& plan, const LstmLayer& l, const Arrays& in, const char* result, const char* arriving, const char* memory,
              const Arrays& out) {
  const Bytes bytes(l);
  const Packed packed(plan, l, in);
  // cuDNN adds the gradients of the weights, and hands over from one function to the next in the space that it keeps: a second gradient
  // of the same layer would find it changed.
  const Scratch gradients(plan.weights), reserve(plan.reserve), work(plan.work[training]);
  clear(gradients.as<char>(), plan.weights);
  if (plan.reserve > 0) copyWithin(reserve.as<char>(), memory, plan.reserve);
  const Aligned x(in.x, bytes.x), hidden(in.hidden, bytes.state), cell(in.cell, bytes.state), y(result, bytes.y);
  const Aligned dy(arriving, bytes.y), dLast(arriving + bytes.y, bytes.state);
  const Aligned dx = Aligned::output(out.x, bytes.x);
  const Aligned dHidden = Aligned::output(out.hidden, bytes.state), dCell = Aligned::output(out.cell, bytes.state);
  const int32_t* const lengths = packed.lengths.as<int32_t>();
  accept(api().rnnGradientX(handle(), plan.rnn, lengths, plan.y, y.get(), dy.get(), plan.x, dx.get(), plan.state, hidden.get(), nullptr,
                            dHidden.get(), plan.state, cell.get(), dLast.get(), dCell.get(), plan.weights, packed.weights.as<char>(),
                            plan.work[training], work.as<char>(), plan.reserve, reserve.as<char>()),
         l, "the gradient");
  accept(api().rnnGradientW(handle(), plan.rnn, addGradients, lengths, plan.x, x.get(), plan.state, hidden.get(), plan.y, y.get(),
                            plan.weights, gradients.as<char>(), plan.work[training], work.as<char>(), plan.reserve, reserve.as<char>()),
         l, "the weights' gradient");
  unpackLstmWeights(l, plan.places, gradients.as<char>(), out.weight, out.bias);
  dx.store();
  dHidden.store();
  dCell.store();
}

// The plan of a layer that cuDNN takes.
const Plan& runnable(const LstmLayer& l) {
  const Plan& plan = planOf(l);
  if (!plan.supported) throw std::runtime_error("cuDNN does not take " + nameOf(l));
  return plan;
}

LstmLayer layerOf(Words& w) {
  LstmLayer l;
  l.dtype = w.dtype();
  l.inputs = w.integer();
  l.size = w.integer();
  l.batch = w.integer();
  l.time = w.integer();
  return l;
}

// What a layer keeps; it must have the length that was asked for.
char* memoryOf(Words& w, const Plan& plan, const LstmLayer& l) {
  char* const memory = w.address();
  const int64_t bytes = w.integer();
  if (memory != nullptr && bytes < static_cast<int64_t>(plan.reserve)) {
    throw std::runtime_error(nameOf(l) + " has kept " + std::to_string(bytes) + " bytes for its gradient, which needs " +
                             std::to_string(plan.reserve) + ": do not change tf32 in between");
  }
  return memory;
}

}  // namespace

void forgetLayers() { plans.clear(); }

}  // namespace cudnn

// These are written by src/lstm-layer.ts, where hasLstmLayers says so.

// Answers with the bytes that a layer keeps for its gradient, or -1 where cuDNN does not take it.
void lstmLayerMemoryCommand(double* words) {
  Words w(words);
  const LstmLayer l = cudnn::layerOf(w);
  words[0] = -1;
  if (!cudnn::expressible(l)) return;
  const cudnn::Plan& plan = cudnn::planOf(l);
  if (plan.supported) words[0] = static_cast<double>(std::max<size_t>(plan.reserve, 1));
}

void lstmLayerCommand(const double* words) {
  Words w(words);
  const LstmLayer l = cudnn::layerOf(w);
  const cudnn::Plan& plan = cudnn::runnable(l);
  const cudnn::Arrays in(w);
  char* const y = w.address();
  cudnn::forward(plan, l, in, y, cudnn::memoryOf(w, plan, l));
}

void lstmLayerGradientCommand(const double* words) {
  Words w(words);
  const LstmLayer l = cudnn::layerOf(w);
  const cudnn::Plan& plan = cudnn::runnable(l);
  const cudnn::Arrays in(w);
  const char* const y = w.address();
  const char* const dy = w.address();
  const char* const memory = cudnn::memoryOf(w, plan, l);
  const cudnn::Arrays out(w);
  cudnn::backward(plan, l, in, y, dy, memory, out);
}

}  // namespace knet
