// SPDX-License-Identifier: Apache-2.0
#include "filters/flow/reader.hh"

#include <algorithm>

#include "core/data/endian.hh"
#include "filters/flow/options.hh"

namespace stook {

namespace {

constexpr size_t fixed_head = 24;  // of NetFlow 5 and 7
constexpr size_t v9_head = 20;
constexpr size_t ipfix_head = 16;
constexpr size_t set_head = 4;
constexpr uint16_t v9_templates = 0;
constexpr uint16_t v9_options = 1;
constexpr uint16_t ipfix_templates = 2;
constexpr uint16_t ipfix_options = 3;
constexpr uint16_t least_data_set = 256;
constexpr int64_t second = 1'000'000'000;

/// Null, or what is wrong with the lengths of these sets.
const char* check_sets(std::string_view sets) {
  while (sets.size() >= set_head) {
    size_t size = big<uint16_t>(sets.data() + 2);
    if (size < set_head) {
      return "a set is shorter than its head";
    }
    if (size > sets.size()) {
      return "a set is longer than its message";
    }
    sets.remove_prefix(size);
  }
  return nullptr;
}

}  // namespace

void FlowReader::begin(Arena& arena, int64_t now) {
  arena_ = &arena;
  now_ = now;
  runs_.clear();
  messages_.clear();
  records_ = 0;
  domains_.forget_replaced();
}

const char* FlowReader::read(std::string_view bytes, std::string_view exporter, uint32_t row) {
  exporter_ = exporter;
  row_ = row;
  if (bytes.size() < 2) {
    return "no flows: shorter than a version";
  }
  uint16_t version = big<uint16_t>(bytes.data());
  switch (version) {
    case 5:
    case 7:
      return read_fixed(bytes, static_cast<FlowVersion>(version));
    case 9:
      return read_v9(bytes);
    case 10:
      return read_ipfix(bytes);
    default:
      return "no flows: the version is none of 5, 7, 9 and 10";
  }
}

FlowMessage& FlowReader::begin_message(FlowVersion version, uint32_t domain, const FlowClock& clock) {
  return messages_.emplace_back(FlowMessage{version, domain, clock, row_});
}

// Head: version, count, uptime, seconds, ns, sequence; then of NetFlow 5 engine and sampling, of 7 nothing.
const char* FlowReader::read_fixed(std::string_view bytes, FlowVersion version) {
  FlowTemplate& form = version == FlowVersion::V5 ? v5_ : v7_;
  if (bytes.size() < fixed_head) {
    return "no flows: shorter than a head";
  }
  uint32_t count = big<uint16_t>(bytes.data() + 2);
  if (count * form.size > bytes.size() - fixed_head) {
    return "no flows: fewer records than the head says";
  }
  FlowClock clock;
  clock.uptime = big<uint32_t>(bytes.data() + 4);
  clock.sent = int64_t{big<uint32_t>(bytes.data() + 8)} * second + big<uint32_t>(bytes.data() + 12);
  bool is_v5 = version == FlowVersion::V5;
  uint32_t engine = is_v5 ? big<uint16_t>(bytes.data() + 20) : 0;
  uint64_t sampling = is_v5 ? big<uint16_t>(bytes.data() + 22) & 0x3fff : 0;
  FlowDomain& domain = domains_.domain(version, engine, exporter_, now_);
  begin_message(version, engine, clock);
  add_run(form, bytes.data() + fixed_head, count, sampling);
  domains_.follow_sequence(domain, big<uint32_t>(bytes.data() + 16), count, FlowCount::LostRecords);
  return nullptr;
}

// Head: version, count, uptime, seconds, sequence, source id.
const char* FlowReader::read_v9(std::string_view bytes) {
  if (bytes.size() < v9_head) {
    return "no flows: shorter than a head";
  }
  std::string_view sets = bytes.substr(v9_head);
  if (const char* wrong = check_sets(sets)) {
    return wrong;
  }
  FlowClock clock;
  clock.uptime = big<uint32_t>(bytes.data() + 4);
  clock.sent = int64_t{big<uint32_t>(bytes.data() + 8)} * second;
  uint32_t source = big<uint32_t>(bytes.data() + 16);
  FlowDomain& domain = domains_.domain(FlowVersion::V9, source, exporter_, now_);
  begin_message(FlowVersion::V9, source, clock);
  read_sets(domain, sets);
  domains_.follow_sequence(domain, big<uint32_t>(bytes.data() + 12), 1, FlowCount::LostMessages);
  return nullptr;
}

// Head: version, length, seconds, sequence, domain. A file of messages may stand in one row.
const char* FlowReader::read_ipfix(std::string_view bytes) {
  for (std::string_view rest = bytes; !rest.empty();) {
    size_t size = rest.size() < ipfix_head ? 0 : big<uint16_t>(rest.data() + 2);
    if (size < ipfix_head || size > rest.size() || big<uint16_t>(rest.data()) != 10) {
      return "no flows: the message's length is not that of its bytes";
    }
    if (const char* wrong = check_sets(rest.substr(ipfix_head, size - ipfix_head))) {
      return wrong;
    }
    rest.remove_prefix(size);
  }
  for (std::string_view rest = bytes; !rest.empty();) {
    std::string_view message = rest.substr(0, big<uint16_t>(rest.data() + 2));
    rest.remove_prefix(message.size());
    uint32_t number = big<uint32_t>(message.data() + 12);
    FlowDomain& domain = domains_.domain(FlowVersion::Ipfix, number, exporter_, now_);
    FlowClock clock;
    clock.sent = int64_t{big<uint32_t>(message.data() + 4)} * second;
    clock.start = domain.start;
    begin_message(FlowVersion::Ipfix, number, clock);
    counted_ = 0;
    is_counted_ = true;
    read_sets(domain, message.substr(ipfix_head));
    domains_.follow_sequence(domain, big<uint32_t>(message.data() + 8), counted_, FlowCount::LostRecords);
    domain.has_sequence = domain.has_sequence && is_counted_;
  }
  return nullptr;
}

void FlowReader::read_sets(FlowDomain& domain, std::string_view sets) {
  bool is_ipfix = messages_.back().version == FlowVersion::Ipfix;
  while (sets.size() >= set_head) {
    uint16_t id = big<uint16_t>(sets.data());
    std::string_view set = sets.substr(set_head, big<uint16_t>(sets.data() + 2) - set_head);
    sets.remove_prefix(set_head + set.size());
    bool is_options = id == (is_ipfix ? ipfix_options : v9_options);
    if (is_options || id == (is_ipfix ? ipfix_templates : v9_templates)) {
      read_templates(domain, is_options, set);
    } else if (id < least_data_set) {
      continue;  // reserved
    } else if (FlowTemplate* form = domains_.find(domain, id, now_)) {
      read_data(domain, *form, set);
    } else {
      is_counted_ = false;
      domains_.hold(domain, {id, messages_.back().clock, now_, std::string(set)});
    }
  }
}

// Data that have waited for a template are read as part of a message of their own time.
void FlowReader::read_templates(FlowDomain& domain, bool is_options, std::string_view set) {
  FlowVersion version = messages_.back().version;
  uint32_t number = messages_.back().domain;
  TemplateCutter cutter(version, is_options, set);
  while (std::optional<TemplateSpec> spec = cutter.next()) {
    if (spec->is_withdrawal) {
      domains_.withdraw(domain, *spec);
      continue;
    }
    FlowTemplate* form = domains_.learn(domain, version, *spec, now_);
    if (form == nullptr || domain.held.empty()) {
      continue;
    }
    FlowClock clock = messages_.back().clock;
    uint32_t counted = counted_;
    for (const HeldSet& held : domains_.take_held(domain, form->id)) {
      begin_message(version, number, held.clock);
      read_data(domain, *form, arena_->copy(held.bytes));
    }
    counted_ = counted;
    begin_message(version, number, clock);
  }
  if (cutter.is_cut()) {
    domains_.refuse();
  }
}

void FlowReader::read_data(FlowDomain& domain, FlowTemplate& form, std::string_view set) {
  if (!form.is_variable) {
    auto count = static_cast<uint32_t>(set.size() / form.size);
    add(domain, form, set, count);
    return;
  }
  while (size_t size = record_size(form, set)) {
    add(domain, form, set.substr(0, size), 1);
    set.remove_prefix(size);
  }
}

void FlowReader::add(FlowDomain& domain, FlowTemplate& form, std::string_view records, uint32_t count) {
  counted_ += count;
  if (form.is_options) {
    for (uint32_t i = 0; i < count; i++) {
      take_options(domain, form, form.is_variable ? records : records.substr(i * form.size, form.size));
    }
    messages_.back().clock.start = domain.start;
    if (!wants_options_) {
      return;
    }
  }
  if (domain.samplers.empty() || !names_sampler(form)) {
    add_run(form, records.data(), count, domain.sampling);
    return;
  }
  for (uint32_t i = 0; i < count; i++) {
    std::string_view record = form.is_variable ? records : records.substr(i * form.size, form.size);
    add_run(form, record.data(), 1, sampling_of(domain, form, record));
  }
}

void FlowReader::add_run(FlowTemplate& form, const char* data, uint32_t count, uint64_t sampling) {
  if (count > 0) {
    runs_.push_back({&form, data, count, static_cast<uint32_t>(messages_.size() - 1), sampling});
    records_ += count;
  }
}

}  // namespace stook
