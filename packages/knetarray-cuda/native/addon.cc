// The module that Node loads. Kernels take no arguments: JavaScript writes them into the command block of its thread first.
#include <napi.h>

#include <exception>
#include <memory>
#include <stdexcept>

#include "../../native-commands/native/addon_functions.h"
#include "device.h"
#include "kernels.h"
#include "libraries.h"

namespace {

// Numbers that one command may need; native-commands/src/command.ts checks against it.
constexpr size_t wordCount = 4096;

// What a thread of Node has; each one that opens the addon has its own.
struct Connection {
  Napi::Reference<Napi::Float64Array> words;
  double* data = nullptr;
  // Makes the error that is thrown once the GPU has failed.
  Napi::FunctionReference makeLost;
  // Gives the memory back that the array layer keeps for reuse.
  Napi::FunctionReference giveBack;
  // Why nothing can be computed any more, if so.
  std::string failure;
  // What `ready` waits for next.
  std::shared_ptr<knet::Mark> mark;
};
thread_local Connection connection;

[[noreturn]] void throwLost(Napi::Env env) {
  throw Napi::Error(env, connection.makeLost.Call({Napi::String::New(env, connection.failure)}));
}

// Runs what may fail on the GPU, and throws what JavaScript is to see.
template <class F>
auto guarded(Napi::Env env, F f) {
  if (!connection.failure.empty()) throwLost(env);
  try {
    return f();
  } catch (const knet::GpuError& error) {
    connection.failure = error.what();
    throwLost(env);
  } catch (const std::out_of_range& error) {
    throw Napi::RangeError::New(env, std::string("cuda: ") + error.what());
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Napi::Error::New(env, std::string("cuda: ") + error.what());
  }
}

Napi::Object object(Napi::Env env, std::initializer_list<std::pair<const char*, Napi::Value>> entries) {
  Napi::Object result = Napi::Object::New(env);
  for (const auto& [name, value] : entries) result.Set(name, value);
  return result;
}

// What is known before a GPU is opened.
Napi::Value machine(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const knet::Machine m = knet::machine();
  return object(env, {{"driver", Napi::Number::New(env, m.driver)},
                      {"runtime", Napi::Number::New(env, m.runtime)},
                      {"devices", Napi::Number::New(env, m.devices)},
                      {"error", Napi::Number::New(env, m.error)},
                      {"message", Napi::String::New(env, m.message)}});
}

// open(device, makeLost): the command block of this thread.
Napi::Value open(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  try {
    knet::openDevice(info[0].As<Napi::Number>().Int32Value());
  } catch (const std::exception& error) {
    throw Napi::Error::New(env, error.what());
  }
  if (connection.data == nullptr) {
    Napi::Float64Array words = Napi::Float64Array::New(env, wordCount);
    connection.words = Napi::Persistent(words);
    connection.data = words.Data();
    env.AddCleanupHook([] {
      connection.mark.reset();
      knet::closeLibraries();
      knet::closeDevice();
      connection.words.Reset();
      connection.makeLost.Reset();
      knet::onShortage(nullptr);
      connection.giveBack.Reset();
      connection.data = nullptr;
    });
  }
  connection.makeLost = Napi::Persistent(info[1].As<Napi::Function>());
  return connection.words.Value();
}

Napi::Value deviceInfo(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const knet::DeviceInfo& d = knet::deviceInfo();
  const knet::LibraryInfo libraries = knet::libraryInfo();
  return object(env, {{"name", Napi::String::New(env, d.name)},
                      {"index", Napi::Number::New(env, d.index)},
                      {"major", Napi::Number::New(env, d.major)},
                      {"minor", Napi::Number::New(env, d.minor)},
                      {"processors", Napi::Number::New(env, d.processors)},
                      {"bytes", Napi::Number::New(env, static_cast<double>(d.bytes))},
                      {"blas", Napi::String::New(env, libraries.blas)},
                      {"dnn", Napi::String::New(env, libraries.dnn)}});
}

char* addressOf(const Napi::Value& value) {
  return reinterpret_cast<char*>(static_cast<uintptr_t>(value.As<Napi::Number>().DoubleValue()));
}
size_t bytesOf(const Napi::Value& value) { return static_cast<size_t>(value.As<Napi::Number>().Int64Value()); }

Napi::Value allocate(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&] {
    return Napi::Number::New(env, static_cast<double>(reinterpret_cast<uintptr_t>(knet::allocate(bytesOf(info[0])))));
  });
}

// Also after a failure: memory is given back when the process ends, if not before.
void release(const Napi::CallbackInfo& info) {
  if (connection.failure.empty()) knet::release(addressOf(info[0]));
}

// onShortage(giveBack)
void onShortage(const Napi::CallbackInfo& info) {
  connection.giveBack = Napi::Persistent(info[0].As<Napi::Function>());
  knet::onShortage([] { connection.giveBack.Call({}); });
}

Napi::Value memoryInfo(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&] {
    size_t free = 0, total = 0;
    knet::memoryInfo(free, total);
    return object(env, {{"free", Napi::Number::New(env, static_cast<double>(free))},
                        {"total", Napi::Number::New(env, static_cast<double>(total))}});
  });
}

// write(address, typed array)
void write(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    const Napi::TypedArray data = info[1].As<Napi::TypedArray>();
    const char* const bytes = static_cast<const char*>(data.ArrayBuffer().Data()) + data.ByteOffset();
    if (data.ByteLength() > 0) knet::copyIn(addressOf(info[0]), bytes, data.ByteLength());
  });
}

// read(address, bytes): an ArrayBuffer
Napi::Value read(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&] {
    const size_t bytes = bytesOf(info[1]);
    Napi::ArrayBuffer result = Napi::ArrayBuffer::New(env, bytes);
    if (bytes > 0) knet::copyOut(result.Data(), addressOf(info[0]), bytes);
    return result;
  });
}

// Waits on a thread of the pool, and settles a promise on the thread of JavaScript.
class Waiter : public Napi::AsyncWorker {
 public:
  explicit Waiter(Napi::Env env) : Napi::AsyncWorker(env, "knet:cuda"), deferred_(Napi::Promise::Deferred::New(env)) {}
  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  virtual void wait() = 0;
  virtual Napi::Value result() = 0;
  void Execute() override {
    try {
      wait();
    } catch (const std::exception& error) {
      SetError(error.what());
    }
  }
  void OnOK() override { deferred_.Resolve(result()); }
  void OnError(const Napi::Error& error) override {
    connection.failure = error.Message();
    deferred_.Reject(connection.makeLost.Call({Napi::String::New(Env(), connection.failure)}));
  }

 private:
  Napi::Promise::Deferred deferred_;
};

class Reader : public Waiter {
 public:
  Reader(Napi::Env env, const void* from, size_t bytes) : Waiter(env), read_(from, bytes) {}

 protected:
  void wait() override { read_.wait(); }
  Napi::Value result() override {
    Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(Env(), read_.bytes());
    if (read_.bytes() > 0) std::memcpy(buffer.Data(), read_.data(), read_.bytes());
    return buffer;
  }

 private:
  knet::PendingRead read_;
};

class Passer : public Waiter {
 public:
  Passer(Napi::Env env, std::shared_ptr<knet::Mark> mark) : Waiter(env), mark_(std::move(mark)) {}

 protected:
  void wait() override { mark_->wait(); }
  Napi::Value result() override { return Env().Undefined(); }

 private:
  std::shared_ptr<knet::Mark> mark_;
};

// readLater(address, bytes): a promise of an ArrayBuffer with the bytes as they are after everything enqueued so far
Napi::Value readLater(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&] {
    // It deletes itself.
    auto* const reader = new Reader(env, addressOf(info[0]), bytesOf(info[1]));
    const Napi::Promise promise = reader->promise();
    reader->Queue();
    return promise;
  });
}

// A promise that resolves when what was enqueued before the last call of `ready` is done: the GPU stays one step behind.
Napi::Value ready(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&] {
    const std::shared_ptr<knet::Mark> previous = connection.mark;
    connection.mark = std::make_shared<knet::Mark>();
    auto* const passer = new Passer(env, previous != nullptr ? previous : connection.mark);
    const Napi::Promise promise = passer->promise();
    passer->Queue();
    return promise;
  });
}

void allowTf32(const Napi::CallbackInfo& info) { knet::allowTf32(info[0].As<Napi::Boolean>().Value()); }

Napi::Value hasLstmLayers(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), knet::libraryInfo().lstmLayers); }

void synchronize(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [] { knet::synchronize(); });
}

// A kernel as a function of JavaScript. Raw Node-API: this is the hot path, and it has neither arguments nor a result.
template <auto kernel>
napi_value call(napi_env env, napi_callback_info) {
  try {
    guarded(Napi::Env(env), [] { kernel(connection.data); });
  } catch (const Napi::Error& error) {
    error.ThrowAsJavaScriptException();
  }
  return nullptr;
}

template <auto kernel>
void add(Napi::Object& exports, const char* name) {
  knet::addFunction(exports, name, call<kernel>);
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("machine", Napi::Function::New(env, machine));
  exports.Set("open", Napi::Function::New(env, open));
  exports.Set("deviceInfo", Napi::Function::New(env, deviceInfo));
  exports.Set("allocate", Napi::Function::New(env, allocate));
  exports.Set("release", Napi::Function::New(env, release));
  exports.Set("onShortage", Napi::Function::New(env, onShortage));
  exports.Set("memoryInfo", Napi::Function::New(env, memoryInfo));
  exports.Set("write", Napi::Function::New(env, write));
  exports.Set("read", Napi::Function::New(env, read));
  exports.Set("readLater", Napi::Function::New(env, readLater));
  exports.Set("ready", Napi::Function::New(env, ready));
  exports.Set("allowTf32", Napi::Function::New(env, allowTf32));
  exports.Set("hasLstmLayers", Napi::Function::New(env, hasLstmLayers));
  exports.Set("synchronize", Napi::Function::New(env, synchronize));
  knet::addWeakReferences(exports);
  add<knet::compileCommand>(exports, "compile");
  add<knet::mapCommand>(exports, "map");
  add<knet::reduceCommand>(exports, "reduce");
  add<knet::matmulCommand>(exports, "matmul");
  add<knet::convolutionCommand>(exports, "convolution");
  add<knet::maxPoolingCommand>(exports, "maxPooling");
  add<knet::maxPoolingGradientCommand>(exports, "maxPoolingGradient");
  add<knet::softmaxCommand>(exports, "softmax");
  add<knet::softmaxGradientCommand>(exports, "softmaxGradient");
  add<knet::lstmCommand>(exports, "lstm");
  add<knet::lstmGradientCommand>(exports, "lstmGradient");
  add<knet::lstmLayerMemoryCommand>(exports, "lstmLayerMemory");
  add<knet::lstmLayerCommand>(exports, "lstmLayer");
  add<knet::lstmLayerGradientCommand>(exports, "lstmLayerGradient");
  add<knet::gatherCommand>(exports, "gather");
  add<knet::scatterAddCommand>(exports, "scatterAdd");
  add<knet::cumsumCommand>(exports, "cumsum");
  add<knet::randomCommand>(exports, "random");
  return exports;
}

}  // namespace

NODE_API_MODULE(knetarray_cuda, init)
