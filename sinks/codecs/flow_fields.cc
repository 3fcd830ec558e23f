// SPDX-License-Identifier: Apache-2.0
#include "sinks/codecs/flow_fields.hh"

#include <charconv>

#include "core/data/endian.hh"

namespace stook {

namespace {

constexpr uint16_t enterprise_bit = 0x8000;
constexpr uint16_t variable_length = 0xffff;
constexpr size_t short_length = 255;
constexpr int64_t second = 1'000'000'000;

struct TimeKey {
  std::string_view name;
  FlowKeys::Part part;
};
constexpr TimeKey time_keys[] = {
    {"flow.start", FlowKeys::Part::Start},           {"flow.end", FlowKeys::Part::End},
    {"flow.start.sec", FlowKeys::Part::StartSecond}, {"flow.start.usec", FlowKeys::Part::StartMicrosecond},
    {"flow.end.sec", FlowKeys::Part::EndSecond},     {"flow.end.usec", FlowKeys::Part::EndMicrosecond},
};

/// `ipfix.9.12235`.
bool read_unknown(std::string_view name, FlowElement& element) {
  constexpr std::string_view prefix = "ipfix.";
  if (!name.starts_with(prefix)) {
    return false;
  }
  name.remove_prefix(prefix.size());
  const char* end = name.data() + name.size();
  auto [dot, error] = std::from_chars(name.data(), end, element.pen);
  if (error != std::errc() || dot == end || *dot != '.') {
    return false;
  }
  auto [last, wrong] = std::from_chars(dot + 1, end, element.id);
  return wrong == std::errc() && last == end && element.id < enterprise_bit;
}

}  // namespace

void FlowRecord::field(uint32_t pen, uint16_t id, size_t length) {
  char bytes[8];
  char* to = put_big(bytes, static_cast<uint16_t>(pen == 0 ? id : id | enterprise_bit));
  to = put_big(to, static_cast<uint16_t>(length));
  if (pen != 0) {
    to = put_big(to, pen);
  }
  fields_.append(bytes, static_cast<size_t>(to - bytes));
}

bool FlowRecord::put(const FlowElement& element, const Cell& cell) {
  if (element.size > 0) {
    if (!put_flow_value(values_, element, cell)) {
      return false;
    }
    field(element.pen, element.id, element.size);
    return true;
  }
  if (!cell.is_slice() || cell.size > most) {
    return false;
  }
  char head[3];
  char* to = head;
  if (cell.size < short_length) {
    *to++ = static_cast<char>(cell.size);
  } else {
    *to++ = static_cast<char>(short_length);
    to = put_big(to, static_cast<uint16_t>(cell.size));
  }
  values_.append(head, static_cast<size_t>(to - head)).append(cell.bytes());
  field(element.pen, element.id, variable_length);
  return true;
}

void FlowRecord::put(uint16_t id, size_t size, uint64_t value) {
  char bytes[8];
  put_big(bytes, value);
  values_.append(bytes + 8 - size, size);
  field(0, id, size);
}

void FlowRecord::put(uint16_t id, std::string_view bytes) {
  values_.append(bytes);
  field(0, id, bytes.size());
}

void FlowRecord::append_to(Payload& payload) const {
  char* to = payload.room(4 + fields_.size() + values_.size());
  to = put_big(to, static_cast<uint16_t>(fields_.size()));
  to = put_big(to, static_cast<uint16_t>(values_.size()));
  std::memcpy(to, fields_.data(), fields_.size());
  std::memcpy(to + fields_.size(), values_.data(), values_.size());
  payload.commit(to + fields_.size() + values_.size());
}

FlowKeys::FlowKeys() {
  for (const FlowElement& element : flow_elements()) {
    Elements& entry = elements_[element.key];
    const FlowElement*& place = element.type == FlowType::Ipv6 ? entry.wide : entry.element;
    place = place == nullptr ? &element : place;
  }
}

void FlowKeys::learn(const Batch& batch, KeyId id) {
  const OpenKeys& keys = batch.keys();
  if (keys.is_planned(id) && keys.schema().key(id).is_meta) {
    return;
  }
  std::string_view name = keys.name(id);
  for (const TimeKey& time : time_keys) {
    if (name == time.name) {
      known_.push_back({id, {nullptr, time.part, nullptr, nullptr}});
      return;
    }
  }
  FlowElement unknown{0, 0, FlowType::Octets, 0, false, {}, {}};
  auto found = elements_.find(name);
  if (found != elements_.end()) {
    const FlowElement* one = found->second.element != nullptr ? found->second.element : found->second.wide;
    known_.push_back({id, {nullptr, Part::Value, one, found->second.wide}});
  } else if (read_unknown(name, unknown)) {
    unknown_.push_back(unknown);
    known_.push_back({id, {nullptr, Part::Value, &unknown_.back(), nullptr}});
  }
}

const std::vector<FlowKeys::Present>& FlowKeys::gather(const Batch& batch) {
  if (stamp_ != batch.keys().stamp()) {
    stamp_ = batch.keys().stamp();
    known_size_ = 0;
    known_.clear();
    unknown_.clear();
  }
  for (; known_size_ < batch.keys().size(); known_size_++) {
    learn(batch, static_cast<KeyId>(known_size_));
  }
  present_.clear();
  for (const Known& known : known_) {
    const Column* column = batch.read(known.id);
    if (column != nullptr && !column->is_empty()) {
      present_.push_back(known.present);
      present_.back().column = column;
    }
  }
  return present_;
}

FlowTimes flow_times(const std::vector<FlowKeys::Present>& keys, Row row) {
  FlowTimes whole;
  FlowTimes seconds;
  FlowTimes microseconds{0, 0};
  for (const FlowKeys::Present& key : keys) {
    const Cell* cell = key.part == FlowKeys::Part::Value ? nullptr : key.column->find(row);
    if (cell == nullptr || cell->is_slice() || cell->type == Type::Real || cell->integer < 0) {
      continue;
    }
    int64_t value = cell->integer;
    bool is_time = cell->type == Type::Time;
    switch (key.part) {
      case FlowKeys::Part::Start:
        whole.start = is_time ? value : whole.start;
        break;
      case FlowKeys::Part::End:
        whole.end = is_time ? value : whole.end;
        break;
      case FlowKeys::Part::StartSecond:
        seconds.start = value < INT64_MAX / second ? value * second : FlowTimes::none;
        break;
      case FlowKeys::Part::EndSecond:
        seconds.end = value < INT64_MAX / second ? value * second : FlowTimes::none;
        break;
      case FlowKeys::Part::StartMicrosecond:
        microseconds.start = value % 1'000'000 * 1000;
        break;
      case FlowKeys::Part::EndMicrosecond:
        microseconds.end = value % 1'000'000 * 1000;
        break;
      default:
        break;
    }
  }
  if (whole.start == FlowTimes::none && seconds.start != FlowTimes::none) {
    whole.start = seconds.start + microseconds.start;
  }
  if (whole.end == FlowTimes::none && seconds.end != FlowTimes::none) {
    whole.end = seconds.end + microseconds.end;
  }
  return whole;
}

}  // namespace stook
