// Keeps oneDNN to the thread that calls it.
#pragma once

// Of libgomp, which oneDNN may have been built with.
extern "C" {
int omp_get_max_threads() __attribute__((weak));
void omp_set_num_threads(int) __attribute__((weak));
}

namespace knet {

// oneDNN runs on the calling thread while this lives: its threads would come on top of ours, and their number would change results.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads != nullptr ? omp_get_max_threads() : 1) { set(1); }
  ~OneThread() { set(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  static void set(int count) {
    if (omp_set_num_threads != nullptr) omp_set_num_threads(count);
  }
  int before_;
};

}  // namespace knet
