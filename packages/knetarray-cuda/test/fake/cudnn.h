// What the parts of the stand-in for cuDNN share.
#pragma once

#include <cstddef>

// A tensor or a filter.
struct Array {
  int data, rank, length[5], stride[5];
  long at(int n, int c, int p, int q, int r) const {
    const long spatial = rank == 5 ? long(p) * stride[2] + long(q) * stride[3] + long(r) * stride[4] : long(q) * stride[2] + long(r) * stride[3];
    return long(n) * stride[0] + long(c) * stride[1] + spatial;
  }
  // Lengths of three spatial dimensions, the fastest last.
  int spatial(int d) const { return rank == 5 ? length[2 + d] : d == 0 ? 1 : length[1 + d]; }
};

// Whether KNET_FAKE_CUDNN_FAULT is this one.
bool fault(const char* name);
// The status, with a text for whoever asks.
int fail(int status, const char* text);
// Adds a line to the file that KNET_FAKE_CUDNN_LOG names.
__attribute__((format(printf, 1, 2))) void note(const char* format, ...);

#define EXPORT extern "C" __attribute__((visibility("default")))
