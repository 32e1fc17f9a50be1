// The module that Node loads. Kernels take no arguments: JavaScript writes them into the command block of its thread first.
#include <napi.h>
#include <sys/mman.h>

#include <exception>
#include <stdexcept>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

#include "../../native-commands/native/addon_functions.h"
#include "isa.h"
#include "kernels.h"
#include "parallel.h"
#include "queue.h"

namespace {

// Numbers that one command may need; native-commands/src/command.ts checks against it. The last one is the length of a command
// that may wait, or 0.
constexpr size_t wordCount = 4096;

// The command block of this thread. Every thread of Node that loads the addon has its own.
struct Connection {
  Napi::Reference<Napi::Float64Array> words;
  double* data = nullptr;
};
thread_local Connection connection;

Napi::Value connect(const Napi::CallbackInfo& info) {
  if (connection.data == nullptr) {
    Napi::Float64Array words = Napi::Float64Array::New(info.Env(), wordCount);
    connection.words = Napi::Persistent(words);
    connection.data = words.Data();
    knet::ownQueue();
    info.Env().AddCleanupHook([] {
      // Buffers are freed next, which commands may still want.
      knet::leaveQueue();
      connection.words.Reset();
      connection.data = nullptr;
    });
  }
  return connection.words.Value();
}

// Where the bytes of an ArrayBuffer begin. They stay there as long as it lives. Large ones are to have huge pages, which is a wish:
// where the system does not grant it nothing changes.
Napi::Value address(const Napi::CallbackInfo& info) {
  constexpr uintptr_t huge = 1 << 21;
  Napi::ArrayBuffer buffer = info[0].As<Napi::ArrayBuffer>();
  const uintptr_t begin = reinterpret_cast<uintptr_t>(buffer.Data());
  const uintptr_t first = (begin + huge - 1) / huge * huge, end = (begin + buffer.ByteLength()) / huge * huge;
  if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
  return Napi::Number::New(info.Env(), static_cast<double>(begin));
}

#ifdef __SANITIZE_ADDRESS__
// Makes an access to an ArrayBuffer outside of the bytes begin .. end-1 an error; the memory is as before once it is freed.
void guard(const Napi::CallbackInfo& info) {
  Napi::ArrayBuffer buffer = info[0].As<Napi::ArrayBuffer>();
  char* const data = static_cast<char*>(buffer.Data());
  const int64_t begin = info[1].As<Napi::Number>().Int64Value(), end = info[2].As<Napi::Number>().Int64Value();
  ASAN_POISON_MEMORY_REGION(data, begin);
  ASAN_POISON_MEMORY_REGION(data + end, buffer.ByteLength() - end);
}
#endif

Napi::Value threads(const Napi::CallbackInfo& info) {
  if (info.Length() > 0) {
    knet::waitForCommands();
    knet::setThreadCount(info[0].As<Napi::Number>().Int32Value());
  }
  return Napi::Number::New(info.Env(), knet::threadCount());
}

// A function without arguments and result as one of JavaScript. Raw Node-API: this is the hot path.
template <auto function>
napi_value call(napi_env env, napi_callback_info) {
  try {
    function();
  } catch (const std::out_of_range& error) {
    napi_throw_range_error(env, nullptr, error.what());
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return nullptr;
}

template <auto function>
void add(Napi::Object& exports, const char* name) {
  knet::addFunction(exports, name, call<function>);
}

// A kernel that fails for want of memory alone.
template <auto kernel>
void later() {
  double& length = connection.data[wordCount - 1];
  const size_t count = static_cast<size_t>(length);
  length = 0;
  knet::submit(kernel, connection.data, count);
}

// One that checks what it reads.
template <auto kernel>
void now() {
  knet::waitForCommands();
  kernel(connection.data);
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("connect", Napi::Function::New(env, connect));
  exports.Set("address", Napi::Function::New(env, address));
#ifdef __SANITIZE_ADDRESS__
  exports.Set("guard", Napi::Function::New(env, guard));
#endif
  exports.Set("threads", Napi::Function::New(env, threads));
  knet::addWeakReferences(exports);
  exports.Set("isa", Napi::String::New(env, knet::hasAvx512() ? "avx512" : knet::hasAvx2() ? "avx2" : "none"));
  add<knet::waitForCommands>(exports, "wait");
  add<later<knet::convolutionCommand>>(exports, "convolution");
  add<later<knet::matmulCommand>>(exports, "matmul");
  add<now<knet::gatherCommand>>(exports, "gather");
  add<now<knet::scatterAddCommand>>(exports, "scatterAdd");
  add<later<knet::cumsumCommand>>(exports, "cumsum");
  add<later<knet::maxPoolingCommand>>(exports, "maxPooling");
  add<later<knet::maxPoolingGradientCommand>>(exports, "maxPoolingGradient");
  add<later<knet::randomCommand>>(exports, "random");
  add<now<knet::compileCommand>>(exports, "compile");
  add<later<knet::mapCommand>>(exports, "map");
  add<later<knet::reduceCommand>>(exports, "reduce");
  add<later<knet::softmaxCommand>>(exports, "softmax");
  add<later<knet::softmaxGradientCommand>>(exports, "softmaxGradient");
  add<later<knet::lstmCommand>>(exports, "lstm");
  add<later<knet::lstmGradientCommand>>(exports, "lstmGradient");
  return exports;
}

}  // namespace

NODE_API_MODULE(knetarray_onednn, init)
