// SPDX-License-Identifier: Apache-2.0
// The identity law of the codec syslog: what it writes, parse_syslog reads as the same values. Each test says what a message
// of its RFC cannot hold, and that it keeps all else.
#include <catch2/catch.hpp>
#include <deque>

#include "core/base/clock.hh"
#include "core/data/json_text.hh"
#include "core/data/object.hh"
#include "test/unit/sinks/law.hh"

using namespace stook;
using namespace stook::test;

namespace {
constexpr int64_t second = 1'000'000'000;
const std::vector<std::string> names = {"pri", "facility", "severity",        "time",   "host", "app",
                                        "pid", "msgid",    "structured_data", "message"};
constexpr std::string_view facilities[] = {"kern", "user", "mail",     "daemon", "auth", "syslog", "lpr",   "news",
                                           "uucp", "cron", "authpriv", "ftp",    "ntp",  "audit",  "alert", "clock"};
constexpr std::string_view severities[] = {"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};

/// Draws rows. *Invariants:* what cells point to lives as long as it does.
class SyslogDrawer {
 public:
  using Cells = std::vector<std::pair<std::string, Cell>>;
  explicit SyslogDrawer(unsigned seed) : dice(seed) {}

  Dice dice;

  std::string_view keep(std::string made) { return store_.emplace_back(std::move(made)); }
  Cell text(std::string made) { return Cell::of_text(keep(std::move(made))); }

  /// One to `most` characters between ! and ~, without some, and no dash alone, which is how absence is written.
  std::string field(size_t most, std::string_view without = {}) {
    std::string made;
    for (size_t size = 1 + dice.below(most); made.size() < size || made == "-";) {
      char c = static_cast<char>('!' + dice.below('~' - '!' + 1));
      made += without.find(c) == std::string_view::npos ? c : 'x';
    }
    return made;
  }

  /// Facility and severity: what the row says into `given`, what is read into `wanted`.
  void priority(Cells& given, Cells& wanted) {
    size_t facility = dice.below(24);
    size_t severity = dice.below(8);
    auto pri = static_cast<int64_t>(8 * facility + severity);
    Cell facility_name =
        text(facility < 16 ? std::string(facilities[facility]) : "local" + std::to_string(facility - 16));
    Cell severity_name = Cell::of_text(severities[severity]);
    if (dice.once_in(2)) {
      given.emplace_back("pri", Cell::of_integer(pri));
    } else {
      given.emplace_back("facility", facility_name);
      given.emplace_back("severity", severity_name);
    }
    wanted.emplace_back("pri", Cell::of_integer(pri));
    wanted.emplace_back("facility", facility_name);
    wanted.emplace_back("severity", severity_name);
  }

  /// Ids to maps of names to texts.
  Cell structured_data() {
    std::string made(8, '\0');
    auto elements = static_cast<uint32_t>(1 + dice.below(3));
    made.resize(static_cast<size_t>(put_map_head(made.data(), elements) - made.data()));
    for (uint32_t i = 0; i < elements; i++) {
      put(made, std::to_string(i) + field(30, "=]\""));
      char head[8];
      auto values = static_cast<uint32_t>(dice.below(4));
      made.append(head, put_map_head(head, values));
      for (uint32_t k = 0; k < values; k++) {
        put(made, std::to_string(k) + field(30, "=]\""));
        put(made, dice.text());
      }
    }
    return Cell::of_slice(Type::Object, keep(made));
  }

 private:
  static void put(std::string& to, const std::string& text) {
    std::string buffer(text.size() + 20, '\0');
    to.append(buffer.data(), put_cell(buffer.data(), Cell::of_text(text)));
  }

  std::deque<std::string> store_;
};
using Cells = SyslogDrawer::Cells;

/// A value as JSON, as the bytes of equal objects may differ.
std::string show(const Cell* cell) {
  Payload text;
  if (cell != nullptr) {
    append_json(text, *cell, {});
  }
  return cell == nullptr ? "absent" : std::string(type_name(cell->type)) + " " + std::string(text.bytes());
}

/// Draws a row's cells into `given`, and what is read of them into `wanted`.
using DrawRow = void (*)(SyslogDrawer& drawer, Cells& given, Cells& wanted);

void check_law(const Options& options, DrawRow draw) {
  unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  SyslogDrawer drawer(seed);
  for (int i = 0; i < 4000; i++) {
    Cells given;
    Cells wanted;
    draw(drawer, given, wanted);
    std::string line = Rig(Kind::Codec, "syslog", options).row(given).encode();
    Rig reader(Kind::Filter, "parse_syslog", {{"key", "line"}});
    reader.row("line", line).run();  // a newline at the end belongs to the line
    INFO("row " << i << ": " << line);
    REQUIRE(reader.faults().empty());
    for (const std::string& name : names) {
      const Cell* cell = nullptr;
      for (const auto& [key, value] : wanted) {
        cell = key == name ? &value : cell;
      }
      INFO(name);
      REQUIRE(show(reader.cell(name)) == show(cell));
    }
  }
}

/// A member that is read as it was given.
void add(Cells& given, Cells& wanted, const char* name, const Cell& cell) {
  given.emplace_back(name, cell);
  wanted.emplace_back(name, cell);
}

void draw_new(SyslogDrawer& drawer, Cells& given, Cells& wanted) {
  static const std::pair<const char*, size_t> fields[] = {{"host", 255}, {"app", 48}, {"pid", 128}, {"msgid", 32}};
  drawer.priority(given, wanted);
  add(given, wanted, "time",
      Cell::of_time(some_time(drawer.dice) + 1000 * static_cast<int64_t>(drawer.dice.below(1'000'000))));
  for (const auto& [name, most] : fields) {
    if (!drawer.dice.once_in(4)) {
      add(given, wanted, name, drawer.text(drawer.field(most)));
    }
  }
  if (drawer.dice.once_in(2)) {
    add(given, wanted, "structured_data", drawer.structured_data());
  }
}
}  // namespace

// RFC 5424: a time has microseconds, an id and a name of structured data at most 32 characters, and all values there are
// texts. What a row lacks is a dash, and absent again.
TEST_CASE("what syslog writes by RFC 5424, parse_syslog reads as the same values") {
  check_law({{"host", "-"}, {"app", "-"}}, [](SyslogDrawer& drawer, Cells& given, Cells& wanted) {
    draw_new(drawer, given, wanted);
    add(given, wanted, "message", drawer.text(" " + drawer.dice.text()));
  });
}

TEST_CASE("controls in a message are shown as escapes that nobody undoes, unless escape = no leaves them") {
  check_law({{"host", "-"}, {"app", "-"}}, [](SyslogDrawer& drawer, Cells& given, Cells& wanted) {
    draw_new(drawer, given, wanted);
    std::string seen;
    std::string wild = "a" + drawer.dice.wild_text(seen);
    given.emplace_back("message", drawer.text(wild));
    wanted.emplace_back("message", drawer.text("a" + seen));
  });
  check_law({{"host", "-"}, {"app", "-"}, {"escape", "no"}}, [](SyslogDrawer& drawer, Cells& given, Cells& wanted) {
    draw_new(drawer, given, wanted);
    std::string seen;
    add(given, wanted, "message", drawer.text("a" + drawer.dice.wild_text(seen) + "\n"));
  });
}

// RFC 3164 has no msgid and no structured data; its times have neither year nor fraction, so they are those of the year up
// to now. A host is a name or an address: a number would be read as the year, and a bracket, or a colon at its end, as a
// program's. A program's name is of letters, digits and `._/-`.
TEST_CASE("what syslog writes by RFC 3164, parse_syslog reads as the same values") {
  check_law({{"rfc", "3164"}}, [](SyslogDrawer& drawer, Cells& given, Cells& wanted) {
    Dice& dice = drawer.dice;
    drawer.priority(given, wanted);
    int64_t time = (wall_ns() / second - static_cast<int64_t>(dice.below(300 * 86400))) * second;
    given.emplace_back("time", Cell::of_time(time + static_cast<int64_t>(dice.below(second))));
    wanted.emplace_back("time", Cell::of_time(time));
    static const char* const hosts[] = {"192.0.2.7", "2001:db8::7", "::1", "web-1.example.org"};
    add(given, wanted, "host", drawer.text(dice.once_in(2) ? "h" + dice.word() : hosts[dice.below(4)]));
    add(given, wanted, "app", drawer.text(dice.word() + (dice.once_in(2) ? "/x-1.y_" : "")));
    if (dice.once_in(2)) {
      add(given, wanted, "pid", drawer.text(drawer.field(40, "[]")));
    }
    given.emplace_back("msgid", Cell::of_text("lost"));
    add(given, wanted, "message", drawer.text(dice.word() + dice.text()));
  });
}
