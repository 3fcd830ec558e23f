// SPDX-License-Identifier: Apache-2.0
#include "filters/flow/options.hh"

namespace stook {

namespace {

constexpr uint16_t sampling_interval = 34;
constexpr uint16_t sampler_id = 48;
constexpr uint16_t sampler_random_interval = 50;
constexpr uint16_t system_init_time = 160;
constexpr uint16_t selector_id = 302;
constexpr uint16_t packet_interval = 305;
constexpr uint16_t packet_space = 306;
constexpr uint16_t sampling_size = 309;
constexpr uint16_t sampling_population = 310;
constexpr size_t most_samplers = 256;
/// ms since 1970, in the year 2255: what is counted from there is a time still.
constexpr uint64_t latest_start = 9'000'000'000'000;

bool is_sampler(const FlowField& field) {
  return field.pen == 0 && (field.id == sampler_id || field.id == selector_id);
}

uint64_t number_of(std::string_view bytes) {
  uint64_t value = 0;
  for (char byte : bytes) {
    value = value << 8 | static_cast<unsigned char>(byte);
  }
  return value;
}

/// Calls `take(field, value)` for each field that is a number.
template <class Take>
void each_number(const FlowTemplate& form, std::string_view record, Take&& take) {
  size_t at = 0;
  for (const FlowField& field : form.fields) {
    size_t size = field.length;
    if (field.length == FlowField::variable && form.is_variable) {
      std::string_view value = variable_field(record.data() + at);
      at = static_cast<size_t>(value.data() + value.size() - record.data());
      continue;
    }
    if (size >= 1 && size <= 8) {
      take(field, number_of(record.substr(at, size)));
    }
    at += size;
  }
}

/// How records of options tell their sampling: by an interval, as packets and the space between them, or as a part of a whole.
struct SamplingWords {
  uint64_t interval = 0;
  uint64_t packets = 0;
  uint64_t space = 0;
  uint64_t size = 0;
  uint64_t population = 0;

  uint64_t rate() const {
    if (interval > 0) {
      return interval;
    }
    if (packets > 0) {
      return (packets + space) / packets;
    }
    return size > 0 ? population / size : 0;
  }
};

}  // namespace

bool names_sampler(const FlowTemplate& form) {
  for (const FlowField& field : form.fields) {
    if (is_sampler(field)) {
      return true;
    }
  }
  return false;
}

void take_options(FlowDomain& domain, const FlowTemplate& form, std::string_view record) {
  SamplingWords words;
  std::optional<uint64_t> sampler;
  each_number(form, record, [&](const FlowField& field, uint64_t value) {
    if (field.pen != 0) {
      return;
    }
    switch (field.id) {
      case sampling_interval:
      case sampler_random_interval:
        words.interval = value;
        break;
      case packet_interval:
        words.packets = value;
        break;
      case packet_space:
        words.space = value;
        break;
      case sampling_size:
        words.size = value;
        break;
      case sampling_population:
        words.population = value;
        break;
      case sampler_id:
      case selector_id:
        sampler = value;
        break;
      case system_init_time:
        domain.start = value < latest_start ? static_cast<int64_t>(value) * 1'000'000 : domain.start;
        break;
      default:
        break;
    }
  });
  uint64_t rate = words.rate();
  if (rate == 0) {
    return;
  }
  if (!sampler) {
    domain.sampling = rate;
    return;
  }
  for (auto& [id, its_rate] : domain.samplers) {
    if (id == *sampler) {
      its_rate = rate;
      return;
    }
  }
  if (domain.samplers.size() < most_samplers) {
    domain.samplers.emplace_back(*sampler, rate);
  }
}

uint64_t sampling_of(const FlowDomain& domain, const FlowTemplate& form, std::string_view record) {
  uint64_t rate = domain.sampling;
  each_number(form, record, [&](const FlowField& field, uint64_t value) {
    for (const auto& [id, its_rate] : domain.samplers) {
      if (is_sampler(field) && id == value) {
        rate = its_rate;
      }
    }
  });
  return rate;
}

}  // namespace stook
