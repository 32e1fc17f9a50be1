// Convolution over contiguous arrays x [X.., I, N], w [W.., I/group, O] and y [Y.., O, N], the first dimension the fastest.
//
// The pixels of x that a filter position sees form, for all positions of y, again an image of y's size. For one channel these
// images are stored once for each filter position of the inner dimensions ("expanded"); along the outermost dimension they are
// one and the same image at an offset of so many rows. So for every filter position k of every channel there is an offset at[k]
// into the expanded image e, and the three kernels are matrix products that read or write it in place, pixels p in vectors:
//   forward    y[p, o]       = sum over k of e[p + at[k]] * w[k, o]
//   gradientX  e[p + at[k]] += sum over o of dy[p, o] * w[k, o]
//   gradientW  dw[k, o]     += sum over p of e[p + at[k]] * dy[p, o]
// That takes 1/W2 of the memory of im2col, which keeps it in the nearest caches, and neither w nor y is packed.
#pragma once

#include <cstdint>

namespace knet {

enum class ConvolutionKind : int32_t { forward = 0, gradientX = 1, gradientW = 2 };

// Always of three spatial dimensions, of which the last is the outermost one: a convolution of fewer has length 1 in the first
// ones of them or in the second one. Channel counts are those of one group.
struct ConvolutionGeometry {
  int64_t x[3], w[3], y[3], padding[3], stride[3], dilation[3];
  int64_t inputs, outputs, group, batch;
  bool flip;
  double alpha;

  // Derived from these. No member functions: their code in files of isa/ could be what the linker keeps for everybody.
  int64_t taps;            // positions of a filter
  int64_t xPlane, yPlane;  // elements of one channel
  int64_t inner;           // pixels of y in one of its outermost rows
  double multiplications;
};

// How a convolution is cut into pieces that fit the caches, and where the pieces of the expanded image lie.
struct ConvolutionPlan {
  ConvolutionGeometry geometry;
  int64_t rows;      // outermost rows of y in a block
  int64_t channels;  // channels of x in a block
  int64_t images;    // images in a block of gradientW
  int64_t chunks;    // parts of the batch with sums of their own in gradientW
  int64_t slots;     // outermost rows of a block of the expanded image
  int64_t slab;      // pixels in `slots` rows
  int64_t expanded;  // elements of an expanded block of one image
  // The place in x's plane of the row that meets each row of the expanded image, for each filter position of the second
  // dimension, in the first block; far outside of the plane where there is none.
  const int64_t* lineAt;
  // Offset of each filter position of each channel of a block into the expanded image, in the order of w or of a part of dw.
  const int32_t* at;
  const int32_t* partAt;   // place of each filter position of w in parts of dw
  const int32_t* planeAt;  // offset of each channel of y
};

// Pieces of the kernels, for one element type. The pointers are those of whole arrays; `expanded` is memory for an expanded
// block.
template <class T>
struct ConvolutionPieces {
  // y of a block of rows of one group of one image.
  void (*forward)(const ConvolutionPlan& plan, const T* w, const T* x, T* y, int64_t image, int64_t group, int64_t rowBlock, T* expanded);
  // dx of a block of channels of one group of one image.
  void (*gradientX)(const ConvolutionPlan& plan, const T* w, const T* dy, T* dx, int64_t image, int64_t group, int64_t channelBlock,
                    T* expanded);
  // The part of dw of a block of channels of one group, summed over some images, without alpha; plan.images expanded blocks.
  // In parts of dw the outermost dimension of the filter is the fastest.
  void (*gradientW)(const ConvolutionPlan& plan, const T* x, const T* dy, T* part, int64_t firstImage, int64_t lastImage, int64_t group,
                    int64_t channelBlock, T* expanded);
  // The filters first .. last - 1 of dw: alpha times the sum of plan.chunks parts, which are used up.
  void (*combine)(const ConvolutionPlan& plan, T* parts, int64_t first, int64_t last, T* dw);
};

namespace avx2 {
ConvolutionPieces<float> float32Convolution();
ConvolutionPieces<double> float64Convolution();
}  // namespace avx2
namespace avx512 {
ConvolutionPieces<float> float32Convolution();
ConvolutionPieces<double> float64Convolution();
}  // namespace avx512

}  // namespace knet
