// SPDX-License-Identifier: Apache-2.0
#include "core/spool/slots.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/crc32c.hh"
#include "core/spool/little.hh"

namespace stook {

namespace {
constexpr size_t state_slot = 256;
constexpr size_t dropped_slot = 4096;
constexpr size_t range_size = 24;
}  // namespace

SlotFile::SlotFile(SpoolIo& io, std::string path, std::string_view magic, size_t size)
    : io_(io), path_(std::move(path)), magic_(magic), slot_(size) {}

bool SlotFile::load() {
  file_.reset();
  generation_ = 0;
  next_ = 0;
  const int file = io_.open(path_, SpoolIo::How::Read);
  if (file < 0) {
    return false;
  }
  SpoolFile reading(io_, file);
  std::vector<char> slot(slot_.size());
  bool is_found = false;
  for (unsigned which = 0; which < 2; which++) {
    const ssize_t size = io_.read_at(file, slot.data(), slot.size(), which * slot.size());
    if (size != static_cast<ssize_t>(slot.size()) || std::memcmp(slot.data(), magic_.data(), 8) != 0 ||
        little<uint32_t>(slot.data() + slot.size() - 4) != crc32c({slot.data(), slot.size() - 4})) {
      continue;
    }
    const auto generation = little<uint64_t>(slot.data() + 8);
    if (!is_found || generation > generation_) {
      is_found = true;
      generation_ = generation;
      next_ = 1 - which;
      slot_ = slot;
    }
  }
  return is_found;
}

SpoolUuid SlotFile::uuid() const {
  SpoolUuid uuid;
  std::memcpy(uuid.data(), slot_.data() + 16, uuid.size());
  return uuid;
}

int SlotFile::store(const SpoolUuid& uuid) {
  if (!file_) {
    const int file = io_.open(path_, SpoolIo::How::Write);
    if (file < 0) {
      return file;
    }
    file_ = SpoolFile(io_, file);
  }
  std::memcpy(slot_.data(), magic_.data(), 8);
  put_little(slot_.data() + 8, generation_ + 1);
  std::memcpy(slot_.data() + 16, uuid.data(), uuid.size());
  put_little(slot_.data() + slot_.size() - 4, crc32c({slot_.data(), slot_.size() - 4}));
  int error = write_all(io_, file_.get(), slot_.data(), slot_.size(), next_ * slot_.size());
  error = error < 0 ? error : io_.sync(file_.get());
  if (error < 0) {
    file_.reset();  // a file whose sync failed is not synced again; the next store opens it anew
    return error;
  }
  generation_++;
  next_ = 1 - next_;
  return 0;
}

StateFile::StateFile(SpoolIo& io, const std::string& folder)
    : slots_(io, folder + "/state", {"STKPOS1\0", 8}, state_slot) {}

std::optional<SpoolState> StateFile::load() {
  if (!slots_.load()) {
    return std::nullopt;
  }
  const char* at = slots_.body();
  SpoolState state;
  state.reader = {little<uint64_t>(at), little<uint64_t>(at + 8), little<uint64_t>(at + 16), little<uint64_t>(at + 24)};
  state.first_live = little<uint64_t>(at + 32);
  state.next_segment = little<uint64_t>(at + 40);
  const bool is_sane = state.reader.segment <= segment_id_most && state.next_segment <= segment_id_most &&
                       state.reader.offset <= uint64_t{1} << 32;
  return is_sane ? std::optional(state) : std::nullopt;
}

int StateFile::store(const SpoolUuid& uuid, const SpoolState& state) {
  char* at = slots_.body();
  const uint64_t words[] = {state.reader.segment, state.reader.offset, state.reader.sequence,
                            state.reader.rows,    state.first_live,    state.next_segment};
  for (uint64_t word : words) {
    put_little(at, word);
    at += 8;
  }
  return slots_.store(uuid);
}

DroppedFile::DroppedFile(SpoolIo& io, const std::string& folder)
    : slots_(io, folder + "/dropped", {"STKDRP1\0", 8}, dropped_slot) {}

std::vector<DroppedRange> DroppedFile::load(const SpoolUuid& uuid) {
  std::vector<DroppedRange> ranges;
  if (!slots_.load() || slots_.uuid() != uuid) {
    return ranges;
  }
  const char* at = slots_.body();
  const size_t count = std::min<size_t>(little<uint32_t>(at), ranges_most);
  at += 8;
  for (size_t i = 0; i < count; i++, at += range_size) {
    ranges.push_back({little<uint64_t>(at), little<uint64_t>(at + 8), little<uint64_t>(at + 16)});
  }
  return ranges;
}

int DroppedFile::store(const SpoolUuid& uuid, const std::vector<DroppedRange>& ranges) {
  const size_t count = std::min(ranges.size(), ranges_most);
  char* at = slots_.body();
  std::memset(at, 0, dropped_slot - SlotFile::head_size);
  put_little(at, static_cast<uint32_t>(count));
  at += 8;
  for (size_t i = ranges.size() - count; i < ranges.size(); i++, at += range_size) {
    put_little(at, ranges[i].first);
    put_little(at + 8, ranges[i].last);
    put_little(at + 16, ranges[i].rows);
  }
  return slots_.store(uuid);
}

}  // namespace stook
