// Exercises native/queue.h without Node; ends with a line that says what is wrong, if anything is.
#include "../../native/queue.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../../native/parallel.h"

namespace {

void check(bool holds, const char* what) {
  if (holds) return;
  std::printf("wrong: %s\n", what);
  std::exit(1);
}

std::vector<int> order;
std::atomic<int64_t> sum{0};

// Long enough to be handed over, and in several tasks.
void note(const double* words) {
  knet::parallelFor(8, [](int64_t i) {
    volatile double x = 1;
    for (int k = 0; k < 2000; k++) x = x * 1.0000001;
    sum += i;
  });
  order.push_back(static_cast<int>(words[0]));
}

void fail(const double*) { throw std::runtime_error("out of luck"); }

void give(knet::Kernel kernel, double number) {
  double words[200] = {number};
  knet::submit(kernel, words, 1);
  // The words may be written anew at once.
  words[0] = -1;
}

void checkOrder(int count) {
  knet::waitForCommands();
  check(static_cast<int>(order.size()) == count, "number of commands");
  for (int i = 0; i < count; i++) check(order[static_cast<size_t>(i)] == i, "order of commands");
  check(sum == 28 * count, "tasks of commands");
  order.clear();
  sum = 0;
}

// Returns what the next calls throw, one of them at the latest.
std::string thrown() {
  try {
    for (int i = 0; i < 100; i++) give(note, 0);
    knet::waitForCommands();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing";
}

}  // namespace

int main() {
  knet::setThreadCount(3);
  check(knet::ownQueue() && knet::ownQueue(), "the first thread owns the queue");

  for (int round = 0; round < 20; round++) {
    for (int i = 0; i < 1000; i++) give(note, i);
    checkOrder(1000);
  }
  // Too long to wait: computed at once, after those that do.
  for (int i = 0; i < 20; i++) give(note, i);
  double words[200] = {20};
  knet::submit(note, words, 200);
  check(order.size() == 21, "long commands are computed at once");
  checkOrder(21);

  // What comes after a failure is dropped, and the failure is told once.
  for (int round = 0; round < 50; round++) {
    for (int i = 0; i < 10; i++) give(note, i);
    bool told = false;
    try {
      give(fail, 0);
    } catch (const std::exception&) {
      told = true;
    }
    if (!told) check(thrown() == "out of luck", "failures are told");
    order.resize(10);
    sum = 280;
    checkOrder(10);
    for (int i = 0; i < 10; i++) give(note, i);
    checkOrder(10);
  }

  // Another thread computes at once, and gets the queue when it is free.
  for (int i = 0; i < 5; i++) give(note, i);
  knet::waitForCommands();
  std::thread([] {
    check(!knet::ownQueue(), "one owner");
    give(note, 5);
    check(order.size() == 6, "others compute at once");
  }).join();
  checkOrder(6);
  for (int i = 0; i < 5; i++) give(note, i);
  knet::leaveQueue();
  check(order.size() == 5, "all is computed before the owner leaves");
  checkOrder(5);
  std::thread([] {
    check(knet::ownQueue(), "the next owner");
    for (int i = 0; i < 100; i++) give(note, i);
    checkOrder(100);
    knet::leaveQueue();
  }).join();
  std::printf("right\n");
}
