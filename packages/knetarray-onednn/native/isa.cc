#include "isa.h"

#include <cstdlib>
#include <cstring>

namespace knet {

bool hasAvx2() {
  static const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return has;
}

bool hasAvx512() {
  static const bool has = [] {
    const char* wanted = std::getenv("KNET_ISA");
    if (wanted != nullptr && std::strcmp(wanted, "avx2") == 0) return false;
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
  }();
  return has;
}

}  // namespace knet
