#include "cudnn.h"

#include <dlfcn.h>

#include <cstdlib>
#include <type_traits>

#include "device.h"

namespace knet {
namespace cudnn {
namespace {

// Shared by all threads, and never closed: other threads may be using it when this one ends.
struct Library {
  Api api;
  std::string version;
  std::string reason;  // why it is not used, if so

  Library() {
    const char* const named = std::getenv("KNET_CUDNN");
    const std::string name = named != nullptr ? named : "";
    if (name == "off") {
      reason = "KNET_CUDNN is off";
      return;
    }
#ifndef KNET_CUDA
    // It would compute on a GPU, where the emulator has no memory.
    if (name.empty()) {
      reason = "emulation";
      return;
    }
#endif
    const std::string file = name.empty() ? "libcudnn.so.9" : name;
    void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      reason = dlerror();
      return;
    }
    if (!resolve(library, file)) dlclose(library);
  }

 private:
  bool resolve(void* library, const std::string& file) {
    const auto missing = [&](const char* symbol) {
      reason = file + " has no " + symbol;
      return false;
    };
    const auto find = [&](auto& function, const char* symbol) {
      function = reinterpret_cast<std::decay_t<decltype(function)>>(dlsym(library, symbol));
      return function != nullptr;
    };
#define KNET_CUDNN_RESOLVE(name, type, symbol) \
  if (!find(api.name, #symbol)) return missing(#symbol);
    KNET_CUDNN_FUNCTIONS(KNET_CUDNN_RESOLVE)
#undef KNET_CUDNN_RESOLVE
    api.recurrent = true;
#define KNET_CUDNN_RESOLVE(name, type, symbol) \
  if (!find(api.name, #symbol)) api.recurrent = false;
    KNET_CUDNN_RNN_FUNCTIONS(KNET_CUDNN_RESOLVE)
#undef KNET_CUDNN_RESOLVE
    const size_t number = api.getVersion();
    version = std::to_string(number / 10000) + "." + std::to_string(number / 100 % 100) + "." + std::to_string(number % 100);
    if (number / 10000 == majorVersion) return true;
    reason = file + " is version " + version + ", not " + std::to_string(majorVersion);
    return false;
  }
};

const Library& library() {
  static const Library* const only = new Library;
  return *only;
}

// What a thread has.
struct Session {
  bool tried = false;
  Handle handle = nullptr;
  std::string reason;
};
thread_local Session session;

// Makes the handle at the first call.
const Session& opened() {
  if (session.tried) return session;
  session.tried = true;
  session.reason = library().reason;
  if (!session.reason.empty()) return session;
  Status status = api().create(&session.handle);
  if (status == success) status = api().setStream(session.handle, stream());
  if (status == success) return session;
  session.reason = "cuDNN " + library().version + ": " + describe(status);
  if (session.handle != nullptr) api().destroy(session.handle);
  session.handle = nullptr;
  return session;
}

}  // namespace

std::string describe(Status status) {
  char details[512] = "";
  api().getLastErrorString(details, sizeof details);
  std::string text = api().getErrorString(status);
  if (details[0] != '\0') text += std::string(": ") + details;
  return text;
}

const Api& api() { return library().api; }
Handle handle() { return opened().handle; }

void check(Status status, const char* what) {
  if (status != success) throw GpuError(std::string("cuDNN, ") + what + ": " + describe(status));
}

}  // namespace cudnn

std::string dnnInfo() {
  const cudnn::Session& session = cudnn::opened();
  return session.handle != nullptr ? cudnn::library().version : "(" + session.reason + ")";
}

bool hasLstmLayers() { return cudnn::handle() != nullptr && cudnn::api().recurrent; }

void closeDnn() {
  cudnn::forgetPlans();
  cudnn::forgetLayers();
  if (cudnn::session.handle != nullptr) cudnn::api().destroy(cudnn::session.handle);
  cudnn::session = cudnn::Session{};
}

}  // namespace knet
