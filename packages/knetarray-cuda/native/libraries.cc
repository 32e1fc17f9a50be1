#include "libraries.h"

#include "cublas.h"
#include "cudnn.h"

namespace knet {
namespace {

thread_local bool tf32 = false;

}  // namespace

LibraryInfo libraryInfo() { return {cublas::library().description, dnnInfo(), hasLstmLayers()}; }

void allowTf32(bool allowed) { tf32 = allowed; }
bool tf32Allowed() { return tf32; }

void closeLibraries() {
  cublas::close();
  closeDnn();
}

}  // namespace knet
