// Convolution by oneDNN, where it is faster than our own kernels.
#pragma once

#include "convolution.h"

namespace knet {

// Whether a float32 convolution should go to oneDNN. It should in two dimensions with 32 or more channels on both sides that
// fill its blocks of 16, unless it is too small to pay for changing the layout.
//
// GFLOP/s of one core whose peak was 178, float32, oneDNN 2.6.3 with its layout changes counted, "own / oneDNN" for forward,
// gradientX and gradientW:
//   28x28x1 -> 20, 5x5, batch 100        136 /  44   108 /  36   104 /  50   own (LeNet 1)
//   12x12x20 -> 50, 5x5, batch 100       158 /  66   149 /  71   131 /  62   own (LeNet 2)
//   32x32x16 -> 16, 3x3, batch 50        132 / 109   101 / 113   121 / 104   own
//   28x28x100 -> 100, 3x3, batch 4       116 /  55   106 /  87   113 / 125   own
//   28x28x128, depthwise 3x3, batch 8     25 /  20    16 /  20    25 /  20   own
//   224x224x3 -> 64, 7x7, stride 2       131 / 147    89 /  66   112 / 120   own
//   1000x64 -> 64, 9 wide, batch 4       138 /  81   114 /  85   125 /  60   own
//   16x16x32 -> 32, 3x3, batch 50        151 / 148   136 / 152   133 / 147   oneDNN
//   14x14x48 -> 48, 3x3, batch 8         125 / 172   120 / 173   105 / 163   oneDNN
//   56x56x64 -> 64, 3x3, batch 4         146 / 152   138 / 149   132 / 148   oneDNN
//   28x28x64 -> 64, 3x3, dilation 2      155 / 169   144 / 166   133 / 160   oneDNN
//   56x56x128 -> 128, 3x3, stride 2      119 / 140   104 / 134   104 / 119   oneDNN
//   14x14x256 -> 256, 3x3, batch 8       142 / 163   106 / 164   111 / 151   oneDNN
//   7x7x512 -> 512, 3x3, batch 8         109 / 155    29 / 156    42 / 126   oneDNN
//   56x56x64 -> 256, 1x1, batch 4         62 / 169   104 / 169   108 / 151   oneDNN, layout unchanged
//   14x14x1024 -> 256, 1x1, batch 8      125 / 147    89 / 131    91 / 139   oneDNN, layout unchanged
bool suitsOnednn(const ConvolutionGeometry& g);

// The kernel by oneDNN. Each thread runs oneDNN on some images, or on some channels if there are few images, by itself.
// Throws std::runtime_error with the geometry in words.
void onednnConvolution(ConvolutionKind kind, const ConvolutionGeometry& g, const float* a, const float* b, float* output);

}  // namespace knet
