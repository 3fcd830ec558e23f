// SPDX-License-Identifier: Apache-2.0
#include "sinks/codecs/columns.hh"

#include <algorithm>

namespace stook {

namespace {
constexpr size_t slack = 16;
}

void declare_columns(const ColumnChoice& choice, Wiring& wiring) {
  if (choice.keys.empty()) {
    wiring.reads_all = true;
    for (const std::string& key : choice.also) {
      wiring.reads.push_back({key, Type::Mixed, true});
    }
    return;
  }
  for (const std::string& key : choice.keys) {
    wiring.reads.push_back({key, Type::Mixed, true});
  }
}

bool Columns::is_wanted(const OpenKeys& keys, KeyId id) const {
  auto is_in = [name = keys.name(id)](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (keys.is_planned(id) && keys.schema().key(id).is_meta && !is_in(choice_.also)) {
    return false;
  }
  return !is_in(choice_.without);
}

void Columns::add(KeyId id, std::string_view name) {
  size_t at = leads_.size() < slack ? 0 : leads_.size() - slack;
  leads_.resize(at);
  put_lead_(leads_, name);
  names_.push_back({id, at, static_cast<uint32_t>(leads_.size() - at), static_cast<uint32_t>(name.size())});
  leads_.append(slack, '\0');
}

void Columns::learn(const Batch& batch) {
  const OpenKeys& keys = batch.keys();
  if (stamp_ != keys.stamp() || !choice_.keys.empty()) {
    stamp_ = keys.stamp();
    known_ = 0;
    names_.clear();
    leads_.clear();
  }
  if (choice_.keys.empty()) {
    for (; known_ < keys.size(); known_++) {
      KeyId id = static_cast<KeyId>(known_);
      if (is_wanted(keys, id)) {
        add(id, keys.name(id));
      }
    }
    return;
  }
  for (size_t i = 0; i < choice_.keys.size(); i++) {
    const std::string& name = choice_.keys[i];
    bool is_excluded = std::find(choice_.without.begin(), choice_.without.end(), name) != choice_.without.end();
    KeyId planned = batch.in(i);
    KeyId id = planned != no_key ? planned : keys.find(name);
    if (id != no_key && !is_excluded) {
      add(id, name);
    }
  }
  known_ = keys.size();
}

const std::vector<Columns::Present>& Columns::gather(const Batch& batch) {
  if (stamp_ != batch.keys().stamp() || known_ != batch.keys().size()) {
    learn(batch);
  }
  present_.clear();
  for (const Name& name : names_) {
    const Column* column = batch.read(name.id);
    if (column != nullptr && !column->is_empty()) {
      present_.push_back({column, leads_.data() + name.lead, name.lead_size, name.name_size});
    }
  }
  return present_;
}

}  // namespace stook
