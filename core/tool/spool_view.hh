// SPDX-License-Identifier: Apache-2.0
/// Floor 5. A spool seen from outside: nothing is locked or written, so a daemon may be using it meanwhile.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/spool/folder.hh"
#include "core/spool/scan.hh"
#include "core/spool/slots.hh"

namespace stook {

/// One segment, as its header and footer tell, or for one without a footer its records.
struct SpoolSegmentView {
  uint64_t id = 0;
  std::optional<SegmentHeader> header;
  std::optional<SegmentFooter> footer;
  uint64_t file_bytes = 0;
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;  // below first_sequence: none
  uint64_t rows = 0;
};

class SpoolView {
 public:
  /// Throws SetupError when there is no spool in the folder.
  explicit SpoolView(std::string folder);

  /// Calls with all that lies in a segment, in order, but for its last Blank, Footer or End. The scanned bytes are valid
  /// during the call.
  void walk(uint64_t segment, const std::function<void(const Scanned&)>& visit) const;
  /// Whether a record is delivered, as far as the state says.
  bool is_delivered(uint64_t sequence) const { return state && sequence <= state->reader.sequence; }

  const std::string folder;
  bool is_in_use = false;
  bool has_state_file = false;
  std::optional<SpoolState> state;
  SpoolUuid uuid{};
  uint32_t seed = 0;
  std::vector<SpoolSegmentView> segments;
  std::vector<DroppedRange> dropped;

 private:
  void look_at(SpoolSegmentView& segment);
};

/// `stook spool repair DIR`.
int repair_spool(const std::string& folder);

}  // namespace stook
