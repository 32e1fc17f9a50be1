#include "cublas.h"

#include <dlfcn.h>

#include <cstdlib>

#include "device.h"
#include "libraries.h"

namespace knet::cublas {
namespace {

// What a Hopper GPU wants; given once, so that cuBLAS never allocates while it computes.
constexpr size_t workspaceBytes = size_t{32} << 20;

std::string versionText(int version) {
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." + std::to_string(version % 100);
}

// Opens one file; returns the reason why it is of no use, or nothing.
std::string openFile(Library& library, const std::string& path) {
  void* const file = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (file == nullptr) {
    const char* const reason = dlerror();
    return reason != nullptr ? reason : path + " cannot be opened";
  }
  const char* missing = nullptr;
#define KNET_FIND(name, ...)                                                      \
  library.name = reinterpret_cast<Pointer<__VA_ARGS__>>(dlsym(file, #name)); \
  if (library.name == nullptr && missing == nullptr) missing = #name;
  KNET_CUBLAS_FUNCTIONS(KNET_FIND)
#undef KNET_FIND
  int version = 0;
  std::string reason;
  if (missing != nullptr) reason = path + " lacks " + missing;
  else if (library.cublasGetVersion_v2(nullptr, &version) != success) reason = path + " does not tell its version";
  if (!reason.empty()) {
    library = Library{};
    dlclose(file);
    return reason;
  }
  library.open = true;
  library.description = versionText(version);
  return "";
}

Library openLibrary() {
  Library library;
  const char* const chosen = std::getenv("KNET_CUBLAS");
  if (chosen != nullptr && chosen[0] != '\0') {
    const std::string path = chosen;
    const std::string reason = path == "off" ? "switched off by KNET_CUBLAS" : openFile(library, path);
    if (!reason.empty()) library.description = "(" + reason + ")";
    return library;
  }
#ifdef KNET_CUDA
  std::string unfit;
  for (const char* const path : {"libcublas.so.13", "libcublas.so.12", "/usr/local/cuda/lib64/libcublas.so.13",
                                 "/usr/local/cuda/lib64/libcublas.so.12"}) {
    const std::string reason = openFile(library, path);
    if (reason.empty()) return library;
    // That a file is not there says less than what is wrong with one that is.
    if (unfit.empty() && reason.find("No such file") == std::string::npos) unfit = reason;
  }
  if (unfit.empty()) unfit = "neither libcublas.so.13 nor .so.12 is found: LD_LIBRARY_PATH may name its folder, KNET_CUBLAS the file";
  library.description = "(" + unfit + ")";
#else
  library.description = "(the emulator uses only what KNET_CUBLAS names)";
#endif
  return library;
}

// What a thread of Node has of cuBLAS.
struct Session {
  Handle handle = nullptr;
  void* workspace = nullptr;
  int math = -1;
};
thread_local Session session;

}  // namespace

const Library& library() {
  // Never destroyed, nor is the library closed: threads may end after it.
  static const Library* const only = new Library(openLibrary());
  return *only;
}

void check(Status status, const char* function) {
  if (status == success) return;
  const std::string text = std::string(function) + " failed with " + library().cublasGetStatusName(status);
  if (status == allocationFailed) throw OutOfMemory(text);
  throw GpuError(text + " (KNET_CUBLAS=off does without cuBLAS)");
}

Handle handle() {
  const Library& l = library();
  if (session.handle == nullptr) {
    check(l.cublasCreate_v2(&session.handle), "cublasCreate_v2");
    check(l.cublasSetStream_v2(session.handle, stream()), "cublasSetStream_v2");
  }
  // After the stream, since choosing one resets it.
  if (session.workspace == nullptr) {
    session.workspace = allocateScratch(workspaceBytes);
    check(l.cublasSetWorkspace_v2(session.handle, session.workspace, workspaceBytes), "cublasSetWorkspace_v2");
  }
  const int math = (tf32Allowed() ? tf32Math : defaultMath) | wholePrecision;
  if (session.math != math) {
    check(l.cublasSetMathMode(session.handle, math), "cublasSetMathMode");
    session.math = math;
  }
  return session.handle;
}

void close() {
  // What goes wrong here concerns nobody any more.
  if (session.handle != nullptr) library().cublasDestroy_v2(session.handle);
  if (session.workspace != nullptr) release(session.workspace);
  session = Session{};
}

}  // namespace knet::cublas
