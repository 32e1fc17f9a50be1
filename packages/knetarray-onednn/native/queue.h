// Commands that wait to be computed, so that JavaScript prepares the next ones meanwhile on a core of its own.
#pragma once

#include <cstddef>
#include <exception>

namespace knet {

using Kernel = void (*)(const double* words);

// Makes this thread the one whose commands may wait, if there is none yet. Threads of Node beside it compute theirs at once.
bool ownQueue();

// Ends that, once everything has been computed.
void leaveQueue();

// Leaves a command of `count` words to be computed, or computes it here, where that is quicker or `count` is 0. Commands are computed
// one after the other, in order. After one that throws the others are dropped, and the next call of `submit` or `waitForCommands`
// throws what it threw.
void submit(Kernel kernel, const double* words, size_t count);

// Returns when all commands of this thread are computed; helps to compute them.
void waitForCommands();

}  // namespace knet
