#include "libraries.h"

#include "cudnn.h"

namespace knet {

LibraryInfo libraryInfo() { return {"(not opened)", dnnInfo()}; }
void closeLibraries() { closeDnn(); }

}  // namespace knet
