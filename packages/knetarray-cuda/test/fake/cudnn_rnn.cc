// The part of the stand-in for cuDNN that runs LSTM layers: forward in time, one layer, a bias with the matrices of x. It demands all
// that cuDNN may count on, keeps the weights in an order of its own, and its gradients use up what it reserved on the way forward.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "cudnn.h"

namespace {

struct Dropout {
  bool set = false;
};

struct Sequence {
  int data, time, batch, features;
};

struct Network {
  int data, math, inputs, size;

  // In elements, with gaps: the matrices of the hidden state from the last gate to the first, the biases, the matrices of x.
  long ofHidden(int gate) const { return 3 + (3 - gate) * (long(size) * size + 2); }
  long ofBias(int gate) const { return 3 + 4 * (long(size) * size + 2) + gate * (size + 1L); }
  long ofX(int gate) const { return ofBias(4) + (gate + 2) % 4 * (long(inputs) * size + 3); }
  size_t elements() const { return static_cast<size_t>(ofBias(4) + 4 * (long(inputs) * size + 3)); }
  size_t bytes() const { return elements() * (data == 1 ? sizeof(double) : sizeof(float)); }
};

// What is reserved: of each state of each step the gates in, forget, change, out and the cell, after whether the gates are themselves or,
// already, their gradients.
struct Reserve {
  double* stage;
  double* values;
  long states;
  Reserve(void* memory, long states) : stage(static_cast<double*>(memory)), values(stage + 1), states(states) {}
  static size_t bytes(long states, int time) { return sizeof(double) * (1 + 5 * static_cast<size_t>(states) * static_cast<size_t>(time)); }
  double& at(int t, long state, int k) const { return values[(t * states + state) * 5 + k]; }
};
constexpr double forwardStage = 1, gradientStage = 2;

constexpr size_t workBytes[] = {101, 203};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

template <class... Pointers>
bool aligned(Pointers... pointers) {
  return ((pointers != nullptr && reinterpret_cast<uintptr_t>(pointers) % 16 == 0) && ...);
}

bool describes(void* descriptor, const Network& n, int batch) {
  const Array& a = *static_cast<Array*>(descriptor);
  return a.rank == 3 && a.data == n.data && a.length[0] == 1 && a.length[1] == batch && a.length[2] == n.size &&
         a.stride[0] == batch * n.size && a.stride[1] == n.size && a.stride[2] == 1;
}

// What every call is given.
struct Call {
  const Network& n;
  const Sequence &x, &y;
  const int* lengths;
  void *h, *c;
  size_t weightBytes, work;
  void* workSpace;
  int mode;
  size_t reserve;
  void* reserveSpace;
};

// What is wrong with a call, or nullptr. Spoils the space to work in.
const char* wrong(const Call& call) {
  const Network& n = call.n;
  if (call.x.features != n.inputs || call.y.features != n.size || call.x.data != n.data || call.y.data != n.data) return "the features";
  if (call.x.time != call.y.time || call.x.batch != call.y.batch) return "the lengths of x and y";
  for (int i = 0; i < call.x.batch; i++)
    if (call.lengths[i] != call.x.time) return "the lengths on the GPU";
  if (!describes(call.h, n, call.x.batch) || !describes(call.c, n, call.x.batch)) return "the states";
  if (call.weightBytes != n.bytes()) return "the space for weights";
  if (call.work < workBytes[call.mode]) return "the space to work in";
  std::memset(call.workSpace, 0xff, call.work);
  const size_t reserved = call.mode == 1 ? Reserve::bytes(long(n.size) * call.x.batch, call.x.time) : 0;
  if (call.reserve < reserved || (reserved == 0) != (call.reserveSpace == nullptr)) return "the reserved space";
  return nullptr;
}

template <class T>
void runForward(const Network& n, int time, int batch, const T* x, T* y, const T* firstHidden, const T* firstCell, T* lastCell, const T* weights,
                void* reserve) {
  const long states = long(n.size) * batch;
  std::vector<double> hidden(firstHidden, firstHidden + states), cell(firstCell, firstCell + states);
  for (int t = 0; t < time; t++) {
    const std::vector<double> before = hidden;
    for (long s = 0; s < states; s++) {
      const long unit = s % n.size, instance = s / n.size;
      double gates[4];
      for (int g = 0; g < 4; g++) {
        double sum = weights[n.ofBias(g) + unit];
        for (int i = 0; i < n.inputs; i++) sum += weights[n.ofX(g) + unit * n.inputs + i] * x[(long(t) * batch + instance) * n.inputs + i];
        for (int i = 0; i < n.size; i++) sum += weights[n.ofHidden(g) + unit * n.size + i] * before[instance * n.size + i];
        gates[g] = g == 2 ? std::tanh(sum) : sigmoid(sum);
      }
      cell[s] = gates[1] * cell[s] + gates[0] * gates[2];
      hidden[s] = gates[3] * std::tanh(cell[s]);
      y[t * states + s] = static_cast<T>(hidden[s]);
      if (reserve == nullptr) continue;
      const Reserve r(reserve, states);
      for (int g = 0; g < 4; g++) r.at(t, s, g) = gates[g];
      r.at(t, s, 4) = cell[s];
    }
  }
  for (long s = 0; s < states; s++) lastCell[s] = static_cast<T>(cell[s]);
  if (reserve != nullptr) *Reserve(reserve, states).stage = forwardStage;
}

template <class T>
void runGradientX(const Network& n, int time, int batch, const T* dy, T* dx, const T* dLastHidden, T* dHidden, const T* firstCell,
                  const T* dLastCell, T* dCell, const T* weights, void* reserve) {
  const long states = long(n.size) * batch;
  const Reserve r(reserve, states);
  std::vector<double> hidden(states, 0), cell(dLastCell, dLastCell + states);
  if (dLastHidden != nullptr) hidden.assign(dLastHidden, dLastHidden + states);
  for (int t = time - 1; t >= 0; t--) {
    for (long s = 0; s < states; s++) {
      const double in = r.at(t, s, 0), forget = r.at(t, s, 1), change = r.at(t, s, 2), out = r.at(t, s, 3), squashed = std::tanh(r.at(t, s, 4));
      const double previous = t == 0 ? firstCell[s] : r.at(t - 1, s, 4), direct = hidden[s] + dy[t * states + s];
      const double all = cell[s] + direct * out * (1 - squashed * squashed);
      cell[s] = all * forget;
      r.at(t, s, 0) = all * change * in * (1 - in);
      r.at(t, s, 1) = all * previous * forget * (1 - forget);
      r.at(t, s, 2) = all * in * (1 - change * change);
      r.at(t, s, 3) = direct * squashed * out * (1 - out);
    }
    for (int b = 0; b < batch; b++) {
      const auto sum = [&](auto place, long columns, long column) {
        double total = 0;
        for (int g = 0; g < 4; g++)
          for (int unit = 0; unit < n.size; unit++) total += weights[place(g) + unit * columns + column] * r.at(t, long(b) * n.size + unit, g);
        return total;
      };
      for (int i = 0; i < n.inputs; i++)
        dx[(long(t) * batch + b) * n.inputs + i] = static_cast<T>(sum([&](int g) { return n.ofX(g); }, n.inputs, i));
      for (int i = 0; i < n.size; i++) hidden[long(b) * n.size + i] = sum([&](int g) { return n.ofHidden(g); }, n.size, i);
    }
  }
  for (long s = 0; s < states; s++) {
    dHidden[s] = static_cast<T>(hidden[s]);
    dCell[s] = static_cast<T>(cell[s]);
  }
  *r.stage = gradientStage;
}

template <class T>
void runGradientW(const Network& n, int time, int batch, const T* x, const T* firstHidden, const T* y, T* dWeights, const void* reserve) {
  const long states = long(n.size) * batch;
  const Reserve r(const_cast<void*>(reserve), states);
  std::vector<double> sums(n.elements(), 0);
  for (int t = 0; t < time; t++)
    for (long s = 0; s < states; s++)
      for (int g = 0; g < 4; g++) {
        const long unit = s % n.size, instance = s / n.size;
        const double gradient = r.at(t, s, g);
        const T* const hidden = t == 0 ? firstHidden : y + (t - 1) * states;
        sums[n.ofBias(g) + unit] += gradient;
        for (int i = 0; i < n.inputs; i++) sums[n.ofX(g) + unit * n.inputs + i] += gradient * x[(long(t) * batch + instance) * n.inputs + i];
        for (int i = 0; i < n.size; i++) sums[n.ofHidden(g) + unit * n.size + i] += gradient * hidden[instance * n.size + i];
      }
  for (size_t i = 0; i < sums.size(); i++) dWeights[i] += static_cast<T>(sums[i]);
}

const Network& network(void* descriptor) { return *static_cast<Network*>(descriptor); }
const Sequence& sequence(void* descriptor) { return *static_cast<Sequence*>(descriptor); }

// Calls f with a number of the type of the data.
template <class F>
void withType(int data, F f) {
  if (data == 1) f(double{});
  else f(float{});
}

template <class T>
const T* in(const void* data) { return static_cast<const T*>(data); }
template <class T>
T* out(void* data) { return static_cast<T*>(data); }

template <class T>
int create(void** descriptor) {
  *descriptor = new T;
  return 0;
}
template <class T>
int destroy(void* descriptor) {
  delete static_cast<T*>(descriptor);
  return 0;
}

}  // namespace

EXPORT int cudnnCreateDropoutDescriptor(void** descriptor) { return create<Dropout>(descriptor); }
EXPORT int cudnnDestroyDropoutDescriptor(void* descriptor) { return destroy<Dropout>(descriptor); }
EXPORT int cudnnSetDropoutDescriptor(void* descriptor, void* handle, float probability, void* states, size_t bytes, unsigned long long) {
  if (handle == nullptr || probability != 0 || states != nullptr || bytes != 0) return fail(2000, "the dropout");
  static_cast<Dropout*>(descriptor)->set = true;
  return 0;
}
EXPORT int cudnnCreateRNNDescriptor(void** descriptor) { return create<Network>(descriptor); }
EXPORT int cudnnDestroyRNNDescriptor(void* descriptor) { return destroy<Network>(descriptor); }
EXPORT int cudnnSetRNNDescriptor_v8(void* descriptor, int algorithm, int cell, int bias, int direction, int input, int data, int compute, int math,
                                    int inputs, int size, int projection, int layers, void* dropout, unsigned flags) {
  if (fault("find")) return fail(3000, "there is nothing");
  if (fault("refuse")) return fail(2000, "not today");
  if (algorithm != 0 || cell != 2 || bias != 1 || direction != 0 || input != 0 || layers != 1 || flags != 0) return fail(2000, "the network");
  if (data != compute || (data != 0 && data != 1) || projection != size || inputs < 1 || size < 1) return fail(2000, "the numbers");
  if (!static_cast<Dropout*>(dropout)->set) return fail(2000, "the dropout");
  *static_cast<Network*>(descriptor) = {data, math, inputs, size};
  return 0;
}
EXPORT int cudnnCreateRNNDataDescriptor(void** descriptor) { return create<Sequence>(descriptor); }
EXPORT int cudnnDestroyRNNDataDescriptor(void* descriptor) { return destroy<Sequence>(descriptor); }
EXPORT int cudnnSetRNNDataDescriptor(void* descriptor, int data, int layout, int time, int batch, int features, const int* lengths, void*) {
  if (layout != 1 || time < 1 || batch < 1 || features < 1) return fail(2000, "the sequences");
  for (int i = 0; i < batch; i++)
    if (lengths[i] != time) return fail(2000, "the lengths");
  *static_cast<Sequence*>(descriptor) = {data, time, batch, features};
  return 0;
}
EXPORT int cudnnGetRNNWeightSpaceSize(void*, void* rnn, size_t* bytes) {
  *bytes = network(rnn).bytes();
  return 0;
}
EXPORT int cudnnGetRNNWeightParams(void*, void* rnn, int layer, size_t bytes, const void* weights, int part, void* matrix, void** matrixPlace,
                                   void* bias, void** biasPlace) {
  const Network& n = network(rnn);
  if (layer != 0 || part < 0 || part > 7 || bytes != n.bytes() || weights == nullptr) return fail(2000, "the part of the weights");
  const int gate = part % 4, columns = part < 4 ? n.inputs : n.size;
  const auto address = [&](long place) {
    return static_cast<char*>(const_cast<void*>(weights)) + static_cast<size_t>(place) * (n.data == 1 ? sizeof(double) : sizeof(float));
  };
  const auto describe = [&](void* descriptor, int length) {
    *static_cast<Array*>(descriptor) = {n.data, 3, {1, n.size, length}, {n.size * length, length, 1}};
  };
  describe(matrix, columns);
  *matrixPlace = fault("place") ? nullptr : address(part < 4 ? n.ofX(gate) : n.ofHidden(gate));
  *biasPlace = part < 4 ? address(n.ofBias(gate)) : nullptr;
  if (part < 4) describe(bias, 1);
  return 0;
}
EXPORT int cudnnGetRNNTempSpaceSizes(void*, void* rnn, int mode, void* x, size_t* work, size_t* reserve) {
  *work = workBytes[mode];
  *reserve = mode == 1 ? Reserve::bytes(long(network(rnn).size) * sequence(x).batch, sequence(x).time) : 0;
  return 0;
}
EXPORT int cudnnRNNForward(void*, void* rnn, int mode, const int* lengths, void* x, const void* xData, void* y, void* yData, void* h,
                           const void* firstHidden, void* lastHidden, void* c, const void* firstCell, void* lastCell, size_t weightBytes,
                           const void* weights, size_t work, void* workSpace, size_t reserve, void* reserveSpace) {
  if (fault("run")) return fail(3001, "not for these numbers");
  if (fault("execution")) return fail(5000, "the multiprocessors are on fire");
  const Network& n = network(rnn);
  const int time = sequence(x).time, batch = sequence(x).batch;
  const char* const problem = wrong({n, sequence(x), sequence(y), lengths, h, c, weightBytes, work, workSpace, mode, reserve, reserveSpace});
  if (problem != nullptr) return fail(2000, problem);
  if (!aligned(xData, yData, firstHidden, firstCell, lastCell, weights) || lastHidden != nullptr) return fail(2000, "an address");
  withType(n.data, [&](auto zero) {
    using T = decltype(zero);
    runForward(n, time, batch, in<T>(xData), out<T>(yData), in<T>(firstHidden), in<T>(firstCell), out<T>(lastCell), in<T>(weights),
               reserveSpace);
  });
  note("rnn %s math %d\n", mode == 1 ? "training" : "inference", n.math);
  return 0;
}
EXPORT int cudnnRNNBackwardData_v8(void*, void* rnn, const int* lengths, void* y, const void* yData, const void* dy, void* x, void* dx, void* h,
                                   const void* firstHidden, const void* dLastHidden, void* dHidden, void* c, const void* firstCell,
                                   const void* dLastCell, void* dCell, size_t weightBytes, const void* weights, size_t work, void* workSpace,
                                   size_t reserve, void* reserveSpace) {
  const Network& n = network(rnn);
  const int time = sequence(x).time, batch = sequence(x).batch;
  const char* const problem = wrong({n, sequence(x), sequence(y), lengths, h, c, weightBytes, work, workSpace, 1, reserve, reserveSpace});
  if (problem != nullptr) return fail(2000, problem);
  if (!aligned(yData, dy, dx, firstHidden, dHidden, firstCell, dLastCell, dCell, weights)) return fail(2000, "an address");
  if (*Reserve(reserveSpace, 0).stage != forwardStage) return fail(2000, "what is reserved is not of the way forward");
  withType(n.data, [&](auto zero) {
    using T = decltype(zero);
    runGradientX(n, time, batch, in<T>(dy), out<T>(dx), in<T>(dLastHidden), out<T>(dHidden), in<T>(firstCell), in<T>(dLastCell), out<T>(dCell),
                 in<T>(weights), reserveSpace);
  });
  note("rnn gradientX math %d\n", n.math);
  return 0;
}
EXPORT int cudnnRNNBackwardWeights_v8(void*, void* rnn, int mode, const int* lengths, void* x, const void* xData, void* h, const void* firstHidden,
                                      void* y, const void* yData, size_t weightBytes, void* dWeights, size_t work, void* workSpace,
                                      size_t reserve, void* reserveSpace) {
  const Network& n = network(rnn);
  const int time = sequence(x).time, batch = sequence(x).batch;
  const char* const problem = wrong({n, sequence(x), sequence(y), lengths, h, h, weightBytes, work, workSpace, 1, reserve, reserveSpace});
  if (problem != nullptr) return fail(2000, problem);
  if (mode != 0 || !aligned(xData, firstHidden, yData, dWeights)) return fail(2000, "an address");
  if (*Reserve(reserveSpace, 0).stage != gradientStage) return fail(2000, "what is reserved is not of the gradient");
  withType(n.data, [&](auto zero) {
    using T = decltype(zero);
    runGradientW(n, time, batch, in<T>(xData), in<T>(firstHidden), in<T>(yData), out<T>(dWeights), reserveSpace);
  });
  note("rnn gradientW math %d\n", n.math);
  return 0;
}
