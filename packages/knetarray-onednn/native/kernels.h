// The kernels as commands: each reads its arguments from the command block, in the order that src/kernels/ writes them.
#pragma once

namespace knet {

void convolutionCommand(const double* words);
void matmulCommand(const double* words);

}  // namespace knet
