// cuBLAS and cuDNN, opened at run time where they are installed. Nothing needs them: each has kernels of our own behind it.
#pragma once

#include <string>

namespace knet {

// Version of each library that is in use, or in parentheses the reason why it is not.
struct LibraryInfo {
  std::string blas;
  std::string dnn;
};
LibraryInfo libraryInfo();

// Gives back what the libraries hold for this thread.
void closeLibraries();

}  // namespace knet
