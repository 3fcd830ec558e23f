// SPDX-License-Identifier: Apache-2.0
#include "core/base/processor.hh"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include <cstring>

namespace stook {

std::string run_on_processor(int processor) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<size_t>(processor), &one);
  if (sched_setaffinity(0, sizeof one, &one) == 0) {
    return {};
  }
  if (errno != EINVAL) {
    return "the kernel refuses: " + std::string(std::strerror(errno));
  }
  return "this machine has " + std::to_string(sysconf(_SC_NPROCESSORS_ONLN)) +
         " processors, counted from 0, and a cpuset may take some of them away";
}

int own_processor() {
  cpu_set_t all;
  if (sched_getaffinity(0, sizeof all, &all) != 0 || CPU_COUNT(&all) != 1) {
    return -1;
  }
  int processor = 0;
  while (!CPU_ISSET(static_cast<size_t>(processor), &all)) {
    processor++;
  }
  return processor;
}

}  // namespace stook
