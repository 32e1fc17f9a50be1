// The kernels as commands: each reads its arguments from the command block, in the order in which TypeScript writes them.
#pragma once

namespace knet {

// Answers in the first word.
void compileCommand(double* words);
void mapCommand(const double* words);
void reduceCommand(const double* words);
void matmulCommand(const double* words);
void convolutionCommand(const double* words);
void maxPoolingCommand(const double* words);
void maxPoolingGradientCommand(const double* words);
void softmaxCommand(const double* words);
void softmaxGradientCommand(const double* words);
void lstmCommand(const double* words);
void lstmGradientCommand(const double* words);
// Answers in the first word.
void lstmLayerMemoryCommand(double* words);
void lstmLayerCommand(const double* words);
void lstmLayerGradientCommand(const double* words);
void gatherCommand(const double* words);
void scatterAddCommand(const double* words);
void cumsumCommand(const double* words);
void randomCommand(const double* words);

}  // namespace knet
