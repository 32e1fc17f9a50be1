#include "libraries.h"

namespace knet {

LibraryInfo libraryInfo() { return {"(not opened)", "(not opened)"}; }
void closeLibraries() {}

}  // namespace knet
