// SPDX-License-Identifier: Apache-2.0
#include "sinks/file/shipment.hh"

#include <algorithm>

namespace stook {

namespace {
const Payload& whole_of(const Payload& payload) {
  return payload.whole == nullptr ? payload : *payload.whole;
}
}  // namespace

bool FileShipment::Progress::is_of(const Payload& payload) const {
  return whole == &whole_of(payload) && lane == payload.lane && sequence == payload.sequence;
}

size_t FileShipment::progress_of(const Payload& payload) const {
  for (const Progress& known : progress_) {
    if (known.is_of(payload)) {
      return known.bytes - std::min(known.bytes, payload.whole_at);
    }
  }
  return 0;
}

void FileShipment::note(const Payload& payload, size_t bytes, bool is_all) {
  size_t at = payload.whole_at + bytes;
  for (Progress& known : progress_) {
    if (known.is_of(payload)) {
      known.bytes = is_all ? std::max(known.bytes, at) : at;
      return;
    }
  }
  if (bytes > 0) {
    progress_.push_back({&whole_of(payload), payload.lane, payload.sequence, at});
  }
}

void FileShipment::begin(Shipment shipment) {
  shipment_ = shipment;
  chunks_.clear();
  next_ = 0;
  for (size_t i = 0; i < shipment.size(); i++) {
    const Payload& payload = *shipment[i];
    size_t written = progress_.empty() ? 0 : progress_of(payload);
    for (size_t k = 0; k < payload.parts(); k++) {
      size_t begin = payload.part(k).begin;
      size_t end = begin + payload.part_bytes(k).size();
      if (end > written && end > begin) {
        chunks_.push_back({i, payload.part(k).address, begin, begin > written ? begin : written, end});
      }
    }
  }
}

bool FileShipment::is_inside_line() const {
  const Chunk& chunk = chunks_[next_];
  return chunk.begin > chunk.part && shipment_[chunk.payload]->bytes()[chunk.begin - 1] != '\n';
}

bool FileShipment::ends_in_newline() const {
  const Chunk& chunk = chunks_[next_];
  return shipment_[chunk.payload]->bytes()[chunk.end - 1] == '\n';
}

void FileShipment::back_to_line_start() {
  while (is_inside_line()) {
    chunks_[next_].begin--;
  }
}

size_t FileShipment::gather(uint64_t room, std::vector<iovec>& parts) const {
  parts.clear();
  size_t total = 0;
  for (size_t i = next_; i < chunks_.size() && chunks_[i].address == address() && (i == next_ || total < room); i++) {
    const Chunk& chunk = chunks_[i];
    char* bytes = const_cast<char*>(shipment_[chunk.payload]->bytes().data());  // iovec serves reading calls too
    parts.push_back({bytes + chunk.begin, chunk.end - chunk.begin});
    total += chunk.end - chunk.begin;
  }
  return total;
}

void FileShipment::advance(size_t written) {
  while (next_ < chunks_.size() && written >= chunks_[next_].end - chunks_[next_].begin) {
    Chunk& chunk = chunks_[next_];
    written -= chunk.end - chunk.begin;
    chunk.begin = chunk.end;
    next_++;
    if (written == 0) {
      return;
    }
  }
  if (next_ < chunks_.size()) {
    chunks_[next_].begin += written;
  }
}

bool FileShipment::ends_inside_line(Shipment shipment) const {
  return std::any_of(progress_.begin(), progress_.end(), [&](const Progress& known) {
    bool is_partial = known.bytes > 0 && known.bytes < known.whole->size();
    return is_partial && known.whole->bytes()[known.bytes - 1] != '\n' &&
           std::any_of(shipment.begin(), shipment.end(), [&](const Payload* payload) {
             return known.is_of(*payload) && payload->whole_at + payload->size() >= known.whole->size();
           });
  });
}

void FileShipment::forget(Shipment shipment) {
  std::erase_if(progress_, [&](const Progress& known) {
    return std::any_of(shipment.begin(), shipment.end(), [&](const Payload* payload) {
      return known.is_of(*payload) && payload->whole_at + payload->size() >= known.whole->size();
    });
  });
}

// A payload is written up to its first chunk that is not.
void FileShipment::remember() {
  std::vector<size_t> bytes(shipment_.size());
  for (size_t i = 0; i < bytes.size(); i++) {
    bytes[i] = shipment_[i]->size();
  }
  for (size_t i = chunks_.size(); i > 0; i--) {
    const Chunk& chunk = chunks_[i - 1];
    bytes[chunk.payload] = chunk.begin < chunk.end ? chunk.begin : bytes[chunk.payload];
  }
  for (size_t i = 0; i < bytes.size(); i++) {
    note(*shipment_[i], bytes[i], bytes[i] == shipment_[i]->size());
  }
}

Outcome FileShipment::stop(Outcome why) {
  remember();
  return why;
}

Outcome FileShipment::refuse() {
  bool comes_again = shipment_.size() > 1 || shipment_[0]->is_divisible();
  if (comes_again) {
    remember();
    return Outcome::Refused;
  }
  return finish(Outcome::Refused);
}

Outcome FileShipment::finish(Outcome outcome) {
  if (!progress_.empty()) {
    forget(shipment_);
  }
  return outcome;
}

}  // namespace stook
