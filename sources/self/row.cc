// SPDX-License-Identifier: Apache-2.0
#include "sources/self/row.hh"

#include <utility>

#include "core/base/clock.hh"

namespace stook {

namespace {

enum SelfKey : size_t {
  self_kind,
  self_time,
  self_level,
  self_event,
  self_instance,
  self_message,
  self_element,
  self_plugin,
  self_in,
  self_out,
  self_filtered,
  self_dropped,
  self_lettered,
  self_spooled,
  self_in_flight,
  self_bytes,
  self_retries,
  self_meter,
  self_count,
  self_value,
  self_remarks,  // the first of them
};

/// A row that is being written.
class SelfRow {
 public:
  explicit SelfRow(Feed& feed) : feed_(feed) {}

  /// False: the pool is empty.
  bool begin(std::string_view kind, int64_t time) ROOM(front) {
    bundle_ = feed_.bundle();
    if (bundle_ == nullptr) {
      return false;
    }
    row_ = bundle_->append();
    set(self_kind, Cell::of_text(kind));
    set(self_time, Cell::of_time(time));
    return true;
  }
  void set(size_t key, const Cell& cell) ROOM(front) {
    if (KeyId id = feed_.out(key); id != no_key) {
      bundle_->put(id, row_, cell);
    }
  }
  void text(size_t key, std::string_view value) ROOM(front) {
    if (feed_.out(key) != no_key) {
      set(key, Cell::of_text(bundle_->arena().copy(value)));
    }
  }

 private:
  Feed& feed_;
  Bundle* bundle_ = nullptr;
  Row row_ = 0;
};

}  // namespace

void declare_self_keys(Wiring& wiring) {
  wiring.writes = {{"self", Type::Text, "", "event or meter", false},
                   {"time", Type::Time, "", "when it was said or looked at", false},
                   {"level", Type::Text, "", "of the event", false},
                   {"event", Type::Text, "", "its name", false},
                   {"instance", Type::Text, "", "whom it is about", false},
                   {"message", Type::Text, "", "the event as it is logged, but for the time", false},
                   {"kind", Type::Text, "", "source, filter, codec, sink or member", false},
                   {"plugin", Type::Text, "", "", false},
                   {"rows.in", Type::Unsigned, "", "since the start, as all meters", false},
                   {"rows.out", Type::Unsigned, "", "", false},
                   {"rows.filtered", Type::Unsigned, "", "dropped on purpose", false},
                   {"rows.dropped", Type::Unsigned, "", "lost, for all reasons", false},
                   {"rows.letters", Type::Unsigned, "", "kept as letters", false},
                   {"rows.spooled", Type::Unsigned, "", "waiting in a spool", false},
                   {"rows.in_flight", Type::Unsigned, "", "", false},
                   {"bytes", Type::Unsigned, "bytes", "", false},
                   {"retries", Type::Unsigned, "", "", false},
                   {"meter", Type::Text, "", "name of a script's meter", false},
                   {"count", Type::Unsigned, "", "of a counter; of a histogram's values", false},
                   {"value", Type::Real, "", "of a gauge; sum of a histogram's values", false}};
  for (size_t i = 0; i < remarks; i++) {
    std::string name(remark_name(static_cast<Remark>(i)));
    wiring.writes.push_back({name, Type::Unsigned, "", "where it is not 0", false});
  }
}

bool put_self_event(Feed& feed, const SelfEvent& event) {
  SelfRow row(feed);
  if (!row.begin("event", event.time)) {
    return false;
  }
  std::string_view level = choice_names<Level>[static_cast<size_t>(event.level)];
  row.set(self_level, Cell::of_text(level));
  row.text(self_event, event.event);
  constexpr std::string_view instance = " instance=";
  if (event.fields.compare(0, instance.size(), instance) == 0) {
    std::string_view id = std::string_view(event.fields).substr(instance.size());
    row.text(self_instance, id.substr(0, id.find(' ')));
  }
  row.text(self_message, "level=" + std::string(level) + " event=" + event.event + event.fields);
  return true;
}

bool put_self_meter(Feed& feed, const OwnMeter& meter) {
  SelfRow row(feed);
  if (!row.begin("meter", wall_ns())) {
    return false;
  }
  row.text(self_instance, meter.id);
  row.text(self_element, meter.kind);
  row.text(self_plugin, meter.plugin);
  const std::pair<size_t, uint64_t> counts[] = {{self_in, meter.in},
                                                {self_out, meter.out},
                                                {self_filtered, meter.disposed},
                                                {self_dropped, meter.dropped},
                                                {self_lettered, meter.lettered},
                                                {self_spooled, meter.spooled},
                                                {self_in_flight, meter.in_flight},
                                                {self_bytes, meter.bytes},
                                                {self_retries, meter.retries}};
  for (auto [key, count] : counts) {
    row.set(key, Cell::of_unsigned(count));
  }
  for (auto [name, count] : meter.remarks) {
    for (size_t i = 0; i < remarks; i++) {
      if (name == remark_name(static_cast<Remark>(i))) {
        row.set(self_remarks + i, Cell::of_unsigned(count));
      }
    }
  }
  return true;
}

bool put_script_meter(Feed& feed, const ScriptMeter& meter) {
  SelfRow row(feed);
  if (!row.begin("meter", wall_ns())) {
    return false;
  }
  row.text(self_instance, meter.instance());
  row.text(self_element, kind_name(meter.kind()));
  row.text(self_meter, meter.name());
  if (meter.kind() != ScriptMeter::Kind::Gauge) {
    row.set(self_count, Cell::of_unsigned(meter.count()));
  }
  if (meter.kind() != ScriptMeter::Kind::Counter) {
    row.set(self_value, Cell::of_real(meter.value()));
  }
  return true;
}

}  // namespace stook
