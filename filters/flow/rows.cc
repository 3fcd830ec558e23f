// SPDX-License-Identifier: Apache-2.0
#include "filters/flow/rows.hh"

#include <array>

#include "filters/flow/values.hh"

namespace stook {

namespace {

/// Names of the scopes of NetFlow 9, from 1 on (RFC 3954, section 6.1).
constexpr const char* scopes[] = {"scope.system", "scope.interface", "scope.line_card", "scope.cache",
                                  "scope.template"};

const char* const start_name = "flow.start";
const char* const end_name = "flow.end";

bool is_time_key(std::string_view name) {
  return name == start_name || name == end_name;
}

}  // namespace

std::vector<Key> flow_keys() {
  std::vector<Key> keys = {
      {"sampling.interval", Type::Unsigned, "", "one packet in so many was looked at, as the exporter says", false},
      {"flow.version", Type::Unsigned, "", "5, 7, 9, or 10 for IPFIX", true},
      {"flow.domain", Type::Unsigned, "", "the exporter's engine, source or observation domain", true},
      {start_name, Type::Time, "", "when the first packet came", false},
      {end_name, Type::Time, "", "when the last packet came", false},
      {"flow.start.sec", Type::Unsigned, "", "the same in whole seconds", true},
      {"flow.start.usec", Type::Unsigned, "", "and its microseconds", true},
      {"flow.end.sec", Type::Unsigned, "", "the same in whole seconds", true},
      {"flow.end.usec", Type::Unsigned, "", "and its microseconds", true},
  };
  std::unordered_map<std::string_view, bool> seen = {{keys[0].name, true}};
  for (const FlowElement& element : flow_elements()) {
    if (element.has_key && !is_time_key(element.key) && !std::exchange(seen[element.key], true)) {
      keys.push_back({std::string(element.key), cell_type(element.type), "", "", false});
    }
  }
  return keys;
}

FlowRows::FlowRows(size_t first_key) : first_key_(first_key) {
  for (const Key& key : flow_keys()) {
    places_.emplace(key.name, places_.size());
  }
}

KeyId FlowRows::planned(const Batch& batch, const std::string& name) const {
  return batch.out(first_key_ + places_.at(name));
}

KeyId FlowRows::key_of(Batch& batch, const FlowField& field) {
  if (field.pen == FlowField::scope_pen) {
    bool is_known = field.id >= 1 && field.id <= std::size(scopes);
    return batch.keys().intern(is_known ? scopes[field.id - 1] : "scope." + std::to_string(field.id));
  }
  if (field.element == nullptr) {
    return batch.keys().intern(unknown_flow_element(field.pen, field.id));
  }
  return field.element->has_key ? planned(batch, std::string(field.element->key))
                                : batch.keys().intern(field.element->name);
}

// COLD: once for each template and dictionary.
void FlowRows::find_keys(Batch& batch, FlowTemplate& form) {
  form.stamp = batch.keys().stamp();
  for (FlowField& field : form.fields) {
    if (field.decode == FlowDecode::Skip) {
      continue;
    }
    if (field.is_time) {
      std::string name(field.element->key);
      field.key = planned(batch, name);
      field.seconds = planned(batch, name + ".sec");
      field.microseconds = planned(batch, name + ".usec");
      continue;
    }
    field.key = key_of(batch, field);
    bool is_open = field.element == nullptr || !field.element->has_key;
    field.is_lost = is_open && field.key == no_key;
  }
}

namespace {

void put_all(Column* column, Row first, uint32_t count, const Cell& cell) {
  for (uint32_t i = 0; column != nullptr && i < count; i++) {
    column->set(static_cast<Row>(first + i), cell);
  }
}

}  // namespace

void FlowRows::put(Batch& batch, const FlowRun& run, const FlowMessage& message, uint32_t from, Row first,
                   uint32_t count) {
  FlowTemplate& form = *run.form;
  if (form.stamp != batch.keys().stamp()) {
    find_keys(batch, form);
  }
  if (run.sampling > 0) {
    put_all(batch.write(batch.out(first_key_)), first, count, Cell::of_unsigned(run.sampling));
  }
  put_all(batch.write(batch.out(first_key_ + 1)), first, count,
          Cell::of_unsigned(static_cast<uint64_t>(message.version)));
  put_all(batch.write(batch.out(first_key_ + 2)), first, count, Cell::of_unsigned(message.domain));
  FlowValues values(batch, message.clock, form.is_variable ? 0 : form.size, first, count);
  const char* at = run.data + size_t{from} * form.size;
  for (const FlowField& field : form.fields) {
    std::string_view bytes(at, field.length);
    if (field.length == FlowField::variable && form.is_variable) {
      bytes = variable_field(at);
    }
    values.put(field, bytes);
    at = bytes.data() + bytes.size();
  }
}

}  // namespace stook
