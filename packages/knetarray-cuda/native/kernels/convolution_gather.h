// Forward convolution and its gradient of x as one thing: every pixel of the output is a sum over taps and channels of the input.
#pragma once

#include "../convolution.h"
#include "../divider.h"

namespace knet {

// Pixels of the output that meet the same taps. Forward there is one such phase. The gradient of x for stride s has s along a
// dimension: a pixel of x meets only taps that lead to whole positions of y, and those are equally far apart.
template <class Index>
struct Phase {
  Index first[3];    // the first pixel
  Index begin[3];    // where its first tap lies in the input
  Index step[3];     // positions of the input between taps
  Index taps[3];     // how many
  Index tap[3];      // number of the first one
  Index tapStep[3];  // numbers between them

  KNET_HOST_DEVICE Index count() const { return taps[0] * taps[1] * taps[2]; }
};

template <class Index>
struct Gather {
  // The input, by dimension, by channel and by image.
  Index in[3], inPlane, inImage;
  Index inChannels;  // of a group
  Index out[3], outPlane, outImage;
  Index outChannels;  // of a group
  Index scale[3];     // positions of the input between neighbouring pixels of a phase
  Index outStep[3];   // pixels between neighbours of a phase
  Index pixels;       // of a phase, in all images, counting those beyond the end of a shorter phase
  Divider<Index> pixelBy[3];
  // The filters: distances in memory between taps, channels of the output, channels of the input, groups.
  Index tapStrides[3], rowStride, channelStride, groupStride;
  unsigned groups, rowTiles, pixelTiles, parts, phases;
  int64_t size;  // of the output
  double alpha;
  bool fours;  // whether four neighbouring pixels may be written at once
  // For one phase: it, and how many taps and channels there are.
  Phase<Index> only;
  Divider<Index> tapBy[3];
  // For several.
  Index w[3], padding[3], dilation[3];
  Index cycle[3];  // taps that lead to whole positions are so far apart: stride / gcd(stride, dilation)
  bool flip;

  // Phase number p of the gradient of x.
  KNET_HOST_DEVICE Phase<Index> phase(Index p) const {
    Phase<Index> r;
    for (int d = 0; d < 3; d++) {
      const Index s = outStep[d], many = s < out[d] ? s : out[d];
      r.first[d] = p % many;
      p /= many;
      // Pixel i meets tap k at (i + padding - k dilation) / s, if that is whole.
      const Index from = r.first[d] + padding[d], end = cycle[d] < w[d] ? cycle[d] : w[d];
      Index k = 0;
      while (k < end && (from - k * dilation[d]) % s != 0) k++;
      r.taps[d] = k < end ? (w[d] - 1 - k) / cycle[d] + 1 : 0;
      r.begin[d] = k < end ? (from - k * dilation[d]) / s : 0;
      r.step[d] = -(cycle[d] * dilation[d] / s);
      r.tap[d] = flip ? w[d] - 1 - k : k;
      r.tapStep[d] = flip ? -cycle[d] : cycle[d];
    }
    return r;
  }
};

}  // namespace knet
