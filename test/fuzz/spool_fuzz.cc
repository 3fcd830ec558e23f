// SPDX-License-Identifier: Apache-2.0
/// A segment of any bytes, with a state of any bytes: the spool opens, the reader comes to an end and takes new records.
/// The first byte says how many of the last bytes are the state.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/base/log.hh"
#include "core/spool/folder.hh"
#include "core/spool/spool.hh"
#include "test/unit/spool/rows.hh"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stook;
  if (size == 0) {
    return 0;
  }
  set_log_level(Level::Fatal);
  const size_t state = std::min<size_t>(data[0] * size_t{2}, size - 1);
  ModelDisk disk(1);
  const auto put = [&](const std::string& path, const uint8_t* from, size_t count) {
    SpoolFile file(disk, disk.open(path, SpoolIo::How::Write));
    disk.write_at(file.get(), from, count, 0);
  };
  put(segment_path("/spool", 1), data + 1, size - 1 - state);
  if (state > 0) {
    put("/spool/state", data + size - state, state);
  }
  auto spool = Spool::open(small_spool(), nullptr, nullptr, disk);
  Payload payload;
  uint64_t last = 0;
  for (size_t steps = 0; auto sequence = spool->reader().next(payload); steps++) {
    if (*sequence <= last || steps > size) {
      std::abort();
    }
    last = *sequence;
    spool->reader().acknowledge(*sequence);
  }
  spool->writer().close();
  spool->reader().close();
  return 0;
}
