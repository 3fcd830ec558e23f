// SPDX-License-Identifier: Apache-2.0
/// Files that scripts look things up in: the first byte says the kind, the first line behind it is a key, and the rest is
/// the file. It is read or refused with a sentence; whatever is found in it is whole msgpack.
#include <sanitizer/lsan_interface.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "core/base/fd.hh"
#include "core/data/object.hh"
#include "core/lua/library/tables.hh"

namespace {
using namespace stook;

std::unique_ptr<LookupTable> read_table(int kind, const std::string& path) {
  switch (kind % 3) {
    case 0:
      return read_csv_table(path, "key");
    case 1:
      return read_msgpack_table(path);
    default: {
      // libmaxminddb 1.7 keeps memory of a file whose languages it refuses.
      __lsan::ScopedDisabler not_ours;
      return read_mmdb_table(path);
    }
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) {
    return 0;
  }
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string_view key = rest.substr(0, rest.find('\n'));
  std::string_view bytes = rest.substr(std::min(rest.size(), key.size() + 1));
  Fd file(::memfd_create("table", MFD_CLOEXEC));
  if (!file || ::write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    return 0;
  }
  try {
    auto table = read_table(data[0], "/proc/self/fd/" + std::to_string(file.get()));
    std::string found;
    if (table->find(key, found) && !is_object(found)) {
      std::abort();
    }
  } catch (const std::invalid_argument&) {
    return 0;
  }
  return 0;
}
