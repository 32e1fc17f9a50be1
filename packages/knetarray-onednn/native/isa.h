// Instruction sets, chosen when the addon is loaded. The files in isa/ are compiled once for each of them, with KNET_ISA naming
// it, into a namespace of that name. They keep to internal linkage outside of it: a standard template that such a file
// instantiates could otherwise be the copy that the linker keeps for code that runs everywhere.
#pragma once

namespace knet {

// True when the processor has the AVX-512 subset that the avx512 files are compiled for, and KNET_ISA=avx2 does not forbid it.
bool hasAvx512();

// True when the processor has AVX2 and FMA, which the addon needs.
bool hasAvx2();

}  // namespace knet

// Calls the version of a function for the processor at hand.
#define KNET_DISPATCH(function) (::knet::hasAvx512() ? ::knet::avx512::function : ::knet::avx2::function)
