// SPDX-License-Identifier: Apache-2.0
#include "sinks/file/shipment.hh"

namespace stook {

size_t FileShipment::progress_of(const Payload& payload) const {
  for (const Progress& known : progress_) {
    if (known.payload == &payload && known.lane == payload.lane && known.sequence == payload.sequence) {
      return known.bytes;
    }
  }
  return 0;
}

void FileShipment::begin(Shipment shipment) {
  shipment_ = shipment;
  chunks_.clear();
  next_ = 0;
  is_refused_ = false;
  for (size_t i = 0; i < shipment.size(); i++) {
    const Payload& payload = *shipment[i];
    size_t written = progress_.empty() ? 0 : progress_of(payload);
    for (size_t k = 0; k < payload.parts(); k++) {
      size_t begin = payload.part(k).begin;
      size_t end = begin + payload.part_bytes(k).size();
      if (end > written && end > begin) {
        chunks_.push_back({i, payload.part(k).address, begin, begin > written ? begin : written, end, false});
      }
    }
  }
}

bool FileShipment::is_inside_line() const {
  const Chunk& chunk = chunks_[next_];
  return chunk.begin > chunk.part && shipment_[chunk.payload]->bytes()[chunk.begin - 1] != '\n';
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

void FileShipment::refuse() {
  is_refused_ = true;
  size_t payload = chunks_[next_].payload;
  while (next_ < chunks_.size() && chunks_[next_].payload == payload) {
    chunks_[next_++].is_refused = true;
  }
}

void FileShipment::forget() {
  std::erase_if(progress_, [this](const Progress& known) {
    for (const Payload* payload : shipment_) {
      if (known.payload == payload) {
        return true;
      }
    }
    return false;
  });
}

Outcome FileShipment::stop() {
  forget();
  std::vector<size_t> bytes(shipment_.size());
  for (size_t i = 0; i < bytes.size(); i++) {
    bytes[i] = shipment_[i]->size();
  }
  for (size_t i = chunks_.size(); i > 0; i--) {
    const Chunk& chunk = chunks_[i - 1];
    bytes[chunk.payload] = chunk.begin < chunk.end ? chunk.begin : bytes[chunk.payload];
  }
  for (size_t i = 0; i < bytes.size(); i++) {
    if (bytes[i] > 0) {
      progress_.push_back({shipment_[i], shipment_[i]->lane, shipment_[i]->sequence, bytes[i]});
    }
  }
  return Outcome::Again;
}

Outcome FileShipment::finish() {
  if (is_refused_ && shipment_.size() > 1) {
    (void)stop();
    return Outcome::Refused;
  }
  if (!progress_.empty()) {
    forget();
  }
  return is_refused_ ? Outcome::Refused : Outcome::Done;
}

}  // namespace stook
