// Convolution by oneDNN, where it is faster than our own kernels.
#pragma once

#include "convolution.h"

namespace knet {

// Whether a float32 convolution should go to oneDNN. It should in two dimensions with 32 or more channels on both sides that
// fill its blocks of 16, if there is enough work to pay for changing the layout of the images, and, where the weights are read,
// enough pixels to pay for changing theirs. The choice is made by sizes alone.
//
// GFLOP/s of one core whose peak was 178, oneDNN 2.6.3 with its changes of layout counted, "own / oneDNN" for forward,
// gradientX and gradientW:
//   28x28x1 -> 20, 5x5, batch 100          137 /  48   112 /  36   128 /  51   own (LeNet 1)
//   12x12x20 -> 50, 5x5, batch 100         161 /  69   149 /  74   134 /  60   own (LeNet 2)
//   32x32x16 -> 16, 3x3, batch 50          136 / 110   101 / 116   126 / 114   own
//   28x28x100 -> 100, 3x3, batch 4         149 / 127   140 / 127   138 / 127   own
//   28x28x128, depthwise 3x3, batch 8       25 /  21    17 /  20    26 /  21   own
//   224x224x3 -> 64, 7x7, stride 2         131 / 147    89 /  66   112 / 120   own
//   1000x64 -> 64, 9 wide, batch 4         164 /  82   141 /  83   147 /  59   own
//   8x8x64 -> 64, 3x3, batch 1             156 / 121   149 / 132    47 / 114   own
//   7x7x512 -> 512, 3x3, batch 1           120 /  72    93 /  77    32 /  53   own, but gradientW
//   7x7x512 -> 512, 3x3, batch 8           115 / 142    90 / 140    79 /  94   oneDNN
//   14x14x256 -> 256, 3x3, batch 8         142 / 164   106 / 165   111 / 151   oneDNN
//   14x14x48 -> 48, 3x3, batch 8           143 / 170   135 / 173   110 / 162   oneDNN
//   16x16x32 -> 32, 3x3, batch 50          152 / 154   136 / 153   136 / 147   oneDNN
//   56x56x64 -> 64, 3x3, batch 4           146 / 157   138 / 150   132 / 148   oneDNN
//   28x28x64 -> 64, 3x3, dilation 2        155 / 169   144 / 166   133 / 160   oneDNN
//   56x56x128 -> 128, 3x3, stride 2        119 / 140   104 / 134   104 / 119   oneDNN
//   56x56x64 -> 256, 1x1, batch 4          124 / 169   104 / 169   108 / 151   oneDNN, layout of images unchanged
//   14x14x1024 -> 256, 1x1, batch 8        125 / 152    89 / 131    91 / 139   oneDNN, layout of images unchanged
//   28x28x256 -> 512, 1x1, stride 2        126 / 134    99 / 128    86 / 141   oneDNN, layout of images unchanged
bool suitsOnednn(ConvolutionKind kind, const ConvolutionGeometry& g);

// The kernel by oneDNN. Each thread runs oneDNN on some images, or on some channels if there are few images, by itself.
// Throws dnnl::error.
void onednnConvolution(ConvolutionKind kind, const ConvolutionGeometry& g, const float* a, const float* b, float* output);

}  // namespace knet
