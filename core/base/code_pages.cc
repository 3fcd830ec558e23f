// SPDX-License-Identifier: Apache-2.0
#include "core/base/code_pages.hh"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

namespace stook {

namespace {
// Code is never written, so nothing is lost with its pages; what may be written is left alone.
int drop(dl_phdr_info* object, size_t, void*) {
  if (std::strncmp(object->dlpi_name, "linux-vdso", 10) == 0) {
    return 0;
  }
  const auto page = static_cast<uintptr_t>(::getpagesize());
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr)& part = object->dlpi_phdr[i];
    if (part.p_type == PT_LOAD && (part.p_flags & PF_X) != 0 && (part.p_flags & PF_W) == 0) {
      uintptr_t begin = (object->dlpi_addr + part.p_vaddr) / page * page;
      uintptr_t end = object->dlpi_addr + part.p_vaddr + part.p_memsz;
      (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
  }
  return 0;
}
}  // namespace

void drop_code_pages() {
  ::dl_iterate_phdr(drop, nullptr);
}

}  // namespace stook
