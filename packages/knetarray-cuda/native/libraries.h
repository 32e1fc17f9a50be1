// cuBLAS and cuDNN, opened at run time where they are installed. Nothing needs them: each has kernels of our own behind it.
#pragma once

#include <string>

namespace knet {

// Version of each library that is in use, or in parentheses the reason why it is not.
struct LibraryInfo {
  std::string blas;
  std::string dnn;
  bool lstmLayers;  // whether cuDNN runs whole LSTM layers
};
LibraryInfo libraryInfo();

// Whether the libraries may multiply float32 with 10 bits of mantissa (TF32), for this thread; at first they may not.
void allowTf32(bool allowed);
bool tf32Allowed();

// Gives back what the libraries hold for this thread.
void closeLibraries();

}  // namespace knet
