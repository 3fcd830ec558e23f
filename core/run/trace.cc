// SPDX-License-Identifier: Apache-2.0
#include "core/run/trace.hh"

#include <algorithm>
#include <cstring>

#include "core/base/clock.hh"
#include "core/base/text.hh"
#include "core/data/json_text.hh"
#include "core/lua/fault_texts.hh"
#include "core/plan/ini.hh"
#include "core/run/fate.hh"
#include "core/run/lane.hh"

namespace stook {

namespace {
// Numbers behind a row's text, on the way from the worker to main.
template <class Number>
void append_number(Payload& to, Number number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  to.append(std::string_view(bytes, sizeof bytes));
}

std::string text_of(const Cell& cell, RowForm form) {
  Payload text;
  append_value(text, cell, form);
  return std::string(text.bytes());
}

bool has(const Selection& rows, Row row) {
  return std::binary_search(rows.begin(), rows.end(), row);
}

const std::string* find(const std::vector<std::pair<KeyId, std::string>>& values, KeyId id) {
  auto found = std::find_if(values.begin(), values.end(), [&](auto& one) { return one.first == id; });
  return found == values.end() ? nullptr : &found->second;
}

const char* fault_verdict_of(const Passing& at) {
  if (at.instance().plugin->kind == Kind::Sink) {
    return at.is_full ? "dropped, as the sink is full" : "not encoded, dropped";
  }
  switch (at.instance().on_error) {
    case OnError::Pass:
      return "failed, goes on";
    case OnError::Drop:
      return "failed, dropped";
    case OnError::Stack:
      return "failed, goes to the stack of on_error";
  }
  return "failed";
}
}  // namespace

Trace::Values Trace::values_of(const Passing& at, Row row) const {
  Values values;
  for (size_t i = 0; i < at.keys.size(); i++) {
    auto id = static_cast<KeyId>(i);
    const Column* column = at.bundle.column(id);
    if (column != nullptr && column->has(row)) {
      values.emplace_back(id, text_of((*column)[row], form_));
    }
  }
  return values;
}

std::string Trace::opening(const Passing& at, Row row) const {
  Payload values;
  append_row(values, at.bundle, at.keys, row, form_);
  std::string time = text_of(Cell::of_time(wall_ns()), RowForm::Json);
  if (form_ == RowForm::Line) {
    return "> row " + std::to_string(number_) + " of " + source_ + " at " + time.substr(1, time.size() - 2) + "\n>   " +
           padded(source_, name_width + 24) + std::string(values.bytes()) + "\n";
  }
  return "> {\"source\":" + quoted(source_) + ",\"row\":" + std::to_string(number_) + ",\"time\":" + time +
         ",\"lane\":" + std::to_string(at.bundle.lane->index) + ",\"bundle\":" + std::to_string(at.bundle.sequence) +
         ",\"values\":" + std::string(values.bytes()) + ",\"steps\":[";
}

void Trace::begins(const Passing& at) {
  followed_.clear();
  if (left_ == 0 || at.instance().id != source_) {
    return;
  }
  begun_at_ = clock_();
  size_t wanted = std::min(left_, at.rows.size());
  for (size_t i = 0; i < wanted; i++) {
    number_++;
    followed_.push_back({at.rows[i], opening(at, at.rows[i]), {}});
  }
  left_ -= wanted;
}

void Trace::enters(const Passing& at) {
  if (followed_.empty()) {
    return;
  }
  bool is_sink = at.instance().plugin->kind == Kind::Sink;
  for (Followed& one : followed_) {
    one.is_in = !at.is_more && has(at.rows, one.row);
    if (one.is_in) {
      one.before = values_of(at, one.row);
    }
  }
  entered_rows_ = at.rows.size();
  dropped_ = at.meter == nullptr ? 0 : at.meter->disposed.read();
  held_ = at.meter == nullptr ? 0 : at.meter->held.read();
  entered_at_ = clock_();
  for (Followed& one : followed_) {
    if (is_sink && one.is_in) {
      add_step(at, one, {"reached", {}}, "");
    }
  }
}

// Nothing, of a row that is encoded: its payload says more of it.
Trace::Ruling Trace::verdict_of(const Passing& at, const Selection& faulted, Row row) const {
  auto failed = std::lower_bound(faulted.begin(), faulted.end(), row);
  if (failed != faulted.end() && *failed == row) {
    auto position = static_cast<size_t>(failed - faulted.begin());
    return {fault_verdict_of(at), std::string(FaultTexts::of_thread().why(at.instance().id, at.bundle, position))};
  }
  if (at.instance().plugin->kind == Kind::Sink) {
    return {};
  }
  if (has(at.rows, row)) {
    return {"kept", {}};
  }
  bool has_held = at.meter == nullptr || at.meter->held.read() != held_;
  bool has_dropped = at.meter == nullptr || at.meter->disposed.read() != dropped_;
  std::string who = std::string(at.instance().plugin->name) + " at " + show_place(at.instance().place);
  if (!has_held) {
    return {"dropped", who};
  }
  return {has_dropped ? "dropped or held back" : "held back", who + "; what is made of it is not followed"};
}

void Trace::leaves(const Passing& at, const Selection& faulted) {
  for (Followed& one : followed_) {
    Ruling ruling = one.is_in && !at.is_more ? verdict_of(at, faulted, one.row) : Ruling();
    if (ruling.what != nullptr) {
      add_step(at, one, ruling, changes(at, one));
    }
    // A sink encodes the rows of each address apart, so more of them may leave it.
    one.is_in = one.is_in && ruling.what == nullptr && at.instance().plugin->kind == Kind::Sink;
  }
}

void Trace::encoded(const Passing& at, const Selection& faulted, Payload& payload, size_t first) {
  if (followed_.empty() || at.is_more) {
    return;
  }
  size_t position = first;
  for (Row row : at.rows) {
    if (has(faulted, row)) {
      continue;
    }
    auto one = std::find_if(followed_.begin(), followed_.end(), [&](const Followed& f) { return f.row == row; });
    if (one != followed_.end() && fates_used_ < fates_.size()) {
      auto note = std::make_shared<Note>();
      begin_fate(*note, at.instance().id);
      FollowedRows::in(payload).rows.push_back({position, note});
      fates_[fates_used_] = std::move(note);
      one->fates.push_back(static_cast<uint32_t>(fates_used_++));
    }
    position++;
  }
}

// What is written of the values, in the form of the trace.
std::string Trace::changes(const Passing& at, const Followed& one) const {
  Values after = values_of(at, one.row);
  if (form_ == RowForm::Json) {
    return changes_json(at, one, after);
  }
  std::string text;
  for (const auto& [id, value] : after) {
    const std::string* former = find(one.before, id);
    std::string name(at.keys.name(id));
    if (former == nullptr) {
      text += "  +" + name + "=" + value;
    } else if (*former != value) {
      text += "  " + name + "=" + value + " (was " + *former + ")";
    }
  }
  for (const auto& [id, value] : one.before) {
    if (find(after, id) == nullptr) {
      text += "  -" + std::string(at.keys.name(id));
    }
  }
  return text;
}

std::string Trace::changes_json(const Passing& at, const Followed& one, const Values& after) const {
  std::string set;
  std::string was;
  std::string removed;
  auto add = [](std::string& to, const std::string& more) { to += (to.empty() ? "" : ",") + more; };
  for (const auto& [id, value] : after) {
    const std::string* former = find(one.before, id);
    if (former == nullptr || *former != value) {
      add(set, quoted(at.keys.name(id)) + ":" + value);
    }
    if (former != nullptr && *former != value) {
      add(was, quoted(at.keys.name(id)) + ":" + *former);
    }
  }
  for (const auto& [id, value] : one.before) {
    if (find(after, id) == nullptr) {
      add(removed, quoted(at.keys.name(id)));
    }
  }
  return ",\"set\":{" + set + "},\"was\":{" + was + "},\"removed\":[" + removed + "]";
}

void Trace::add_step(const Passing& at, Followed& one, const Ruling& ruling, const std::string& changes) {
  int64_t now = clock_();
  const Instance& instance = at.instance();
  if (form_ == RowForm::Line) {
    std::string said = ruling.what + (ruling.why.empty() ? "" : ": " + printable(ruling.why));
    one.text += ">   " + padded(instance.id, name_width) + padded("+" + show_duration(now - begun_at_), 12) +
                (changes.empty() ? said : padded(said, 12) + changes) + "\n";
    return;
  }
  one.text += (one.text.back() == '[' ? "" : ",") + std::string("{\"element\":") + quoted(instance.id) +
              ",\"kind\":\"" + std::string(kind_name(instance.plugin->kind)) +
              "\",\"at_ns\":" + std::to_string(entered_at_ - begun_at_) +
              ",\"ns\":" + std::to_string(now - entered_at_) + ",\"rows\":" + std::to_string(entered_rows_) +
              ",\"verdict\":\"" + ruling.what + "\",\"why\":" + quoted(ruling.why) + changes + "}";
}

void Trace::ends(const Bundle&) {
  for (Followed& one : followed_) {
    Payload* payload = take();
    if (payload == nullptr) {
      break;
    }
    payload->append(one.text);
    for (uint32_t fate : one.fates) {
      append_number(*payload, fate);
    }
    append_number(*payload, static_cast<uint32_t>(one.fates.size()));
    append_number(*payload, begun_at_);
    payload->end_row();
    meter.shown.add(1);
  }
  hand_over();
  followed_.clear();
}

}  // namespace stook
