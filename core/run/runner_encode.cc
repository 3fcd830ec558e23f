// SPDX-License-Identifier: Apache-2.0
/// Rows into the payloads of their sinks.
#include <algorithm>

#include "core/base/clock.hh"
#include "core/lua/fault_texts.hh"
#include "core/run/row_text.hh"
#include "core/run/runner.hh"
#include "core/run/runner_tell.hh"
#include "core/run/worker.hh"

namespace stook {

void Runner::tell_leaves(size_t node, Selection& rows, const Selection& faulted, bool is_full) {
  tell(node, rows, [&](Witness& witness, Passing at) ROOM(worker) {
    at.is_full = is_full;
    witness.leaves(at, faulted);
  });
}

// COLD: for `stook why`.
void Runner::note(size_t node, const Selection& rows, const char* fate, std::string_view why) {
  if (!worker_.reasons.has_time(monotonic_ns())) {
    return;
  }
  auto text_of = [&](Row row, std::string_view name) -> std::string_view {
    KeyId id = keys_.find(name);
    const Column* column = id == no_key ? nullptr : bundle_->column(id);
    const Cell* cell = column == nullptr ? nullptr : column->find(row);
    return cell != nullptr && cell->type == Type::Text ? cell->bytes() : std::string_view();
  };
  const Instance& instance = *route.plan.nodes[node].instance;
  size_t noted = std::min(rows.size(), ReasonRing::most_each);
  for (size_t i = 0; i < noted; i++) {
    std::string_view said = text_of(rows[i], "parse_error");
    if (said.empty() && !is_more_) {
      said = FaultTexts::of_thread().why(instance.id, *bundle_, i);
    }
    Payload text;
    append_row(text, *bundle_, keys_, rows[i], RowForm::Line);
    ReasonNote reason;
    reason.time = wall_ns();
    reason.rows = i + 1 == noted ? rows.size() - i : 1;
    reason.element = instance.id;
    reason.fate = fate;
    reason.id = text_of(rows[i], "stook.id");
    reason.why = said.empty() ? why : said;
    reason.row = text.bytes().substr(0, Note::most);
    worker_.reasons.add(reason);
  }
}

void Runner::encode(size_t node, Selection& rows) {
  const Node& plan = route.plan.nodes[node];
  NodeRun& run = *nodes_[node];
  Payload* payload = slots_[plan.sink];
  run.meter.rows_in.add(rows.size());
  if (!worker_.witnesses().empty()) {
    tell(node, rows, [](Witness& witness, const Passing& at) ROOM(worker) { witness.enters(at); });
  }
  if (payload == nullptr) {
    run.dropped_full.add(rows.size());
    tell_leaves(node, rows, rows, true);
    note(node, rows, "dropped", "the sink was full");
    return;
  }
  int64_t start = monotonic_ns();
  busy_node.set(static_cast<int64_t>(node));
  if (plan.instance->wiring.address.empty()) {
    if (payload->parts() == 0) {
      payload->begin_part({});
    }
    encode_rows(node, rows, *payload);
  } else {
    encode_by_address(node, rows, *payload);
  }
  run.meter.ns.add(static_cast<uint64_t>(monotonic_ns() - start));
}

void Runner::encode_rows(size_t node, Selection& rows, Payload& payload) {
  const Node& plan = route.plan.nodes[node];
  NodeRun& run = *nodes_[node];
  Batch batch(*bundle_, rows, keys_, {plan.in, plan.out}, run.meter);
  size_t before = payload.rows();
  run.codec->encode(batch, payload);
  size_t faults = batch.faulted().size();
  size_t encoded = rows.size() - faults;
  payload.count_rows(encoded);
  run.meter.rows_out.add(encoded);
  if (!worker_.witnesses().empty()) {
    tell(node, rows, [&](Witness& witness, const Passing& at) ROOM(worker) {
      witness.encoded(at, batch.faulted(), payload, before);
    });
  }
  if (faults > 0) {
    run.meter.faults.add(faults);
    run.meter.faults_dropped.add(faults);
    tell_leaves(node, rows, batch.faulted());
    note(node, batch.faulted(), "dropped", "it could not be encoded");
  }
}

// Rows of one address are encoded together, addresses in the order in which they first occur.
void Runner::encode_by_address(size_t node, Selection& rows, Payload& payload) {
  const Node& plan = route.plan.nodes[node];
  NodeRun& run = *nodes_[node];
  Batch batch(*bundle_, rows, keys_, {plan.in, plan.out}, run.meter);
  size_t known = 0;
  address_of_.resize(rows.size());
  for (size_t i = 0; i < rows.size(); i++) {
    address_text_.reset();
    run.address.expand_address(batch, plan.address.data(), rows[i], address_text_);
    std::string_view text = address_text_.bytes();
    size_t at = 0;
    while (at < known && addresses_[at] != text) {
      at++;
    }
    if (at == known) {
      if (addresses_.size() == known) {
        addresses_.emplace_back();
      }
      addresses_[known++].assign(text);
    }
    address_of_[i] = static_cast<uint16_t>(at);
  }
  for (size_t at = 0; at < known; at++) {
    group_.clear();
    for (size_t i = 0; i < rows.size(); i++) {
      if (address_of_[i] == at) {
        group_.add(rows[i]);
      }
    }
    payload.begin_part(addresses_[at]);
    encode_rows(node, group_, payload);
  }
}

}  // namespace stook
