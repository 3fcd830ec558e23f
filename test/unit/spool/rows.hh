// SPDX-License-Identifier: Apache-2.0
/// Payloads for the tests of the spool: numbered lines.
#pragma once

#include <optional>
#include <string>

#include "core/data/payload.hh"
#include "core/spool/spool.hh"
#include "disk.hh"

namespace stook {

/// Fills an empty payload with rows `first` to `first + rows - 1`, each at least `width` bytes.
inline void put_rows(Payload& payload, uint64_t first, size_t rows, size_t width = 20) {
  payload.begin_part({});
  for (size_t i = 0; i < rows; i++) {
    std::string row = "row " + std::to_string(first + i);
    row.resize(std::max(row.size(), width), '.');
    payload.append(row + "\n");
    payload.end_row();
  }
  payload.count_rows(rows);
}

inline SpoolAnswer append_rows(SpoolWriter& writer, uint64_t first, size_t rows, size_t width = 20) {
  Payload payload;
  put_rows(payload, first, rows, width);
  return writer.append(payload);
}

/// Settings in which segments are small.
inline SpoolSettings small_spool() {
  SpoolSettings settings;
  settings.id = "test";
  settings.folder = "/spool";
  settings.segment_size = 4096;
  settings.size = 1 << 20;
  settings.sync_bytes = 1000;
  return settings;
}

}  // namespace stook
