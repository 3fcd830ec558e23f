// SPDX-License-Identifier: Apache-2.0
#include "sources/journald/row.hh"

#include <charconv>
#include <string>

#include "core/base/clock.hh"
#include "core/data/object.hh"
#include "core/data/syslog_text.hh"

namespace stook {

namespace {

enum JournalKey : size_t {
  journal_message,
  journal_time,
  journal_severity,
  journal_facility,
  journal_host,
  journal_app,
  journal_pid,
  journal_unit,
  journal_truncated,
  journal_others,
  journal_cursor,
  journal_recv_time,
  journal_id,
};

/// Fields whose text is a key as it is.
struct Mapped {
  std::string_view field;
  JournalKey key;
};
constexpr Mapped mapped[] = {{"MESSAGE", journal_message},
                             {"_HOSTNAME", journal_host},
                             {"SYSLOG_IDENTIFIER", journal_app},
                             {"_PID", journal_pid},
                             {"_SYSTEMD_UNIT", journal_unit}};
/// Fields whose number is the name of something.
constexpr std::string_view priority_field = "PRIORITY";
constexpr std::string_view facility_field = "SYSLOG_FACILITY";
constexpr std::string_view cursor_field = "__CURSOR";

/// A number from 0 to `most`, or -1.
int small_number(std::string_view text, int most) {
  int number = -1;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number <= most ? number : -1;
}

int64_t time_of(const JournalEntry& entry) {
  for (std::string_view field : {"_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP"}) {
    std::string_view text = entry.find(field);
    int64_t usec = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), usec);
    constexpr int64_t usec_most = INT64_MAX / 1000;
    if (!text.empty() && error == std::errc() && usec >= 0 && usec <= usec_most) {
      return usec * 1000;
    }
  }
  return wall_ns();
}

/// One row's cells.
class JournalRow {
 public:
  JournalRow(Feed& feed, Bundle& bundle, const JournalEntry& entry)
      : feed_(feed), bundle_(bundle), entry_(entry), row_(bundle.append()) {}

  void put() ROOM(front);

 private:
  void set(size_t key, const Cell& cell) ROOM(front) {
    if (KeyId id = feed_.out(key); id != no_key) {
      bundle_.put(id, row_, cell);
    }
  }
  void text(size_t key, std::string_view value) ROOM(front) {
    if (feed_.out(key) != no_key) {
      set(key, Cell::of_text(bundle_.arena().copy(value)));
    }
  }
  bool is_key(size_t i) const ROOM(front);
  bool is_first(size_t i) const;
  void put_others() ROOM(front);

  Feed& feed_;
  Bundle& bundle_;
  const JournalEntry& entry_;
  Row row_;
};

void JournalRow::put() {
  for (const Mapped& one : mapped) {
    for (size_t i = 0; i < entry_.size(); i++) {
      if (entry_.name(i) == one.field) {
        text(one.key, entry_.value(i));
        break;
      }
    }
  }
  set(journal_time, Cell::of_time(time_of(entry_)));
  if (int priority = small_number(entry_.find(priority_field), 7); priority >= 0) {
    set(journal_severity, Cell::of_text(severity_name(priority)));
  }
  if (int facility = small_number(entry_.find(facility_field), 23); facility >= 0) {
    set(journal_facility, Cell::of_text(facility_name(8 * facility)));
  }
  if (entry_.is_truncated()) {
    set(journal_truncated, Cell::of_boolean(true));
  }
  if (feed_.out(journal_others) != no_key) {
    put_others();
  }
  text(journal_cursor, entry_.find(cursor_field));
  set(journal_recv_time, Cell::of_time(wall_ns()));
  if (feed_.out(journal_id) != no_key) {
    text(journal_id, std::string(feed_.id()) + ":" + std::string(entry_.find(cursor_field)));
  }
}

/// Whether the first field of its name has become a key of its own, so that it is not said twice.
bool JournalRow::is_key(size_t i) const {
  std::string_view name = entry_.name(i);
  if (name == priority_field) {
    return small_number(entry_.value(i), 7) >= 0;
  }
  if (name == facility_field) {
    return small_number(entry_.value(i), 23) >= 0;
  }
  for (const Mapped& one : mapped) {
    if (name == one.field) {
      return true;
    }
  }
  return false;
}

bool JournalRow::is_first(size_t i) const {
  for (size_t j = 0; j < i; j++) {
    if (entry_.name(j) == entry_.name(i)) {
      return false;
    }
  }
  return true;
}

/// All other fields by their own names; several values of one name are an array.
void JournalRow::put_others() {
  size_t room = 16;
  for (size_t i = 0; i < entry_.size(); i++) {
    room += entry_.name(i).size() + entry_.value(i).size() + 32;
  }
  char* begin = bundle_.arena().reserve(room);
  char* at = put_wide_map_head(begin, 0);
  uint32_t members = 0;
  for (size_t i = 0; i < entry_.size(); i++) {
    if (!is_first(i) || entry_.name(i) == cursor_field) {
      continue;
    }
    size_t from = is_key(i) ? i + 1 : i;
    uint32_t values = 0;
    for (size_t j = from; j < entry_.size(); j++) {
      values += entry_.name(j) == entry_.name(i) ? 1 : 0;
    }
    if (values == 0) {
      continue;
    }
    at = put_cell(at, Cell::of_text(entry_.name(i)));
    at = values > 1 ? put_array_head(at, values) : at;
    for (size_t j = from; j < entry_.size(); j++) {
      at = entry_.name(j) == entry_.name(i) ? put_cell(at, Cell::of_text(entry_.value(j))) : at;
    }
    members++;
  }
  put_wide_map_head(begin, members);
  if (members > 0) {
    bundle_.arena().commit(static_cast<size_t>(at - begin));
    set(journal_others, Cell::of_slice(Type::Object, {begin, static_cast<size_t>(at - begin)}));
  }
}

}  // namespace

void declare_journal_keys(Wiring& wiring) {
  wiring.writes = {{"message", Type::Text, "", "MESSAGE", false},
                   {"time", Type::Time, "", "_SOURCE_REALTIME_TIMESTAMP, or __REALTIME_TIMESTAMP", false},
                   {"severity", Type::Text, "", "PRIORITY by its name", false},
                   {"facility", Type::Text, "", "SYSLOG_FACILITY by its name", false},
                   {"host", Type::Text, "", "_HOSTNAME", false},
                   {"app", Type::Text, "", "SYSLOG_IDENTIFIER", false},
                   {"pid", Type::Text, "", "_PID", false},
                   {"unit", Type::Text, "", "_SYSTEMD_UNIT", false},
                   {"truncated", Type::Boolean, "", "set when the entry was longer than max_entry", false},
                   {"journal", Type::Object, "", "all other fields, by their own names", false},
                   {"journal.cursor", Type::Text, "", "where the entry is", true},
                   {"recv.time", Type::Time, "", "when it was read", true},
                   {"stook.id", Type::Text, "", "the source and the cursor", true}};
}

void put_journal_row(Feed& feed, Bundle& bundle, const JournalEntry& entry) {
  JournalRow(feed, bundle, entry).put();
}

}  // namespace stook
