// Parallel regions whose tasks may throw, as those that need memory may.
#pragma once

#include <exception>
#include <mutex>

#include "parallel.h"

namespace knet {

// parallelFor that throws the first exception of a task, once all tasks are done.
template <class F>
void parallelForGuarded(int64_t count, F&& task) {
  std::mutex mutex;
  std::exception_ptr error;
  parallelFor(count, [&](int64_t i) {
    try {
      task(i);
    } catch (...) {
      std::lock_guard<std::mutex> lock(mutex);
      if (error == nullptr) error = std::current_exception();
    }
  });
  if (error != nullptr) std::rethrow_exception(error);
}

}  // namespace knet
