// The matrices of native/winograd.h for tiles of four pixels. Points are 0, 1, -1 and so on, and infinity as the last.
#pragma once

namespace knet::KNET_ISA {
namespace {

// input brings taps + 3 pixels of x to the points, filter a row of a filter. The values of y at the points are brought to pixels
// by the transpose of output.
template <int taps>
struct Winograd;

// 0, 1, -1, 2, -2, 1/2, -1/2, infinity. The factors that input and filter share are divided so that input has no thirds.
template <>
struct Winograd<5> {
  static constexpr int points = 8;
  static constexpr float input[8][8] = {
      {1, 0, -5.25f, 0, 5.25f, 0, -1, 0}, {0, -1, -1, 4.25f, 4.25f, -1, -1, 0}, {0, 1, -1, -4.25f, 4.25f, 1, -1, 0},
      {0, 2, 1, -10, -5, 8, 4, 0},        {0, -2, 1, 10, -5, -8, 4, 0},         {0, 4, 8, -5, -10, 1, 2, 0},
      {0, -4, 8, 5, -10, -1, 2, 0},       {0, -1, 0, 5.25f, 0, -5.25f, 0, 1},
  };
  static constexpr float output[8][4] = {
      {1, 0, 0, 0}, {1, 1, 1, 1}, {1, -1, 1, -1}, {1, 2, 4, 8}, {1, -2, 4, -8}, {1, 0.5f, 0.25f, 0.125f}, {1, -0.5f, 0.25f, -0.125f}, {0, 0, 0, 1},
  };
  static constexpr float filter[8][5] = {
      {1, 0, 0, 0, 0},
      {2 / 9.0f, 2 / 9.0f, 2 / 9.0f, 2 / 9.0f, 2 / 9.0f},
      {2 / 9.0f, -2 / 9.0f, 2 / 9.0f, -2 / 9.0f, 2 / 9.0f},
      {1 / 360.0f, 1 / 180.0f, 1 / 90.0f, 1 / 45.0f, 2 / 45.0f},
      {1 / 360.0f, -1 / 180.0f, 1 / 90.0f, -1 / 45.0f, 2 / 45.0f},
      {16 / 45.0f, 8 / 45.0f, 4 / 45.0f, 2 / 45.0f, 1 / 45.0f},
      {16 / 45.0f, -8 / 45.0f, 4 / 45.0f, -2 / 45.0f, 1 / 45.0f},
      {0, 0, 0, 0, 1},
  };
};

// 0, 1, -1, -1/2, 2, infinity.
template <>
struct Winograd<3> {
  static constexpr int points = 6;
  static constexpr float input[6][6] = {
      {1, 1.5f, -2, -1.5f, 1, 0}, {0, 2, 5, 1, -2, 0},  {0, 2, 1, -5, 2, 0},
      {0, -2, 1, 2, -1, 0},       {0, -1, -2, 1, 2, 0}, {0, 1, 1.5f, -2, -1.5f, 1},
  };
  static constexpr float output[6][4] = {
      {1, 0, 0, 0}, {1, 1, 1, 1}, {1, -1, 1, -1}, {1, -0.5f, 0.25f, -0.125f}, {1, 2, 4, 8}, {0, 0, 0, 1},
  };
  static constexpr float filter[6][3] = {
      {1, 0, 0},
      {1 / 6.0f, 1 / 6.0f, 1 / 6.0f},
      {1 / 6.0f, -1 / 6.0f, 1 / 6.0f},
      {16 / 15.0f, -8 / 15.0f, 4 / 15.0f},
      {1 / 30.0f, 1 / 15.0f, 2 / 15.0f},
      {0, 0, 1},
  };
};

}  // namespace
}  // namespace knet::KNET_ISA
