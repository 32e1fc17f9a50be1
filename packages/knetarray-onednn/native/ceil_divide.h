// Division of sizes into parts.
#pragma once

#include <cstdint>

namespace knet {
// Of its own in every file: those compiled for other instruction sets share no code.
namespace {

// The parts of `size` that hold all of `whole`.
constexpr int64_t ceilDivide(int64_t whole, int64_t size) { return (whole + size - 1) / size; }

}  // namespace
}  // namespace knet
