// SPDX-License-Identifier: Apache-2.0
#include "core/spool/quarantine.hh"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace stook {

void Quarantine::look() {
  has_looked_ = true;
  std::vector<std::string> names;
  io_.make_folder(folder_);
  io_.list(folder_, names);
  for (const std::string& name : names) {
    SpoolFile file(io_, io_.open(folder_ + "/" + name, SpoolIo::How::Read));
    if (file) {
      kept_ += static_cast<uint64_t>(std::max<int64_t>(0, io_.size(file.get())));
    }
  }
}

void Quarantine::keep(int file, uint64_t segment, uint64_t begin, uint64_t end) {
  if (!has_looked_) {
    look();
  }
  end = std::min(end, begin + (most - std::min(most, kept_)));
  if (begin >= end) {
    return;
  }
  char name[64];
  std::snprintf(name, sizeof name, "/%016llx-%08llx.bad", static_cast<unsigned long long>(segment),
                static_cast<unsigned long long>(begin));
  SpoolFile copy(io_, io_.open(folder_ + name, SpoolIo::How::Create));
  if (!copy) {
    return;
  }
  std::vector<char> buffer(64 << 10);
  uint64_t done = 0;
  while (begin + done < end) {
    const size_t wanted = static_cast<size_t>(std::min<uint64_t>(buffer.size(), end - begin - done));
    const ssize_t got = io_.read_at(file, buffer.data(), wanted, begin + done);
    if (got <= 0 || write_all(io_, copy.get(), buffer.data(), static_cast<size_t>(got), done) < 0) {
      break;
    }
    done += static_cast<uint64_t>(got);
  }
  kept_ += done;
}

}  // namespace stook
