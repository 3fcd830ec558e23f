// SPDX-License-Identifier: Apache-2.0
/// Prints what each parser costs a row: `parsers [ROUNDS]`. Build it in release mode. Bundles of 256 rows lie in memory
/// all the time; a round puts the texts, runs the filter and resets the bundle. What the frame costs is measured with no
/// filter and taken off.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/api/grok.hh"
#include "core/base/clock.hh"
#include "core/base/room.hh"
#include "test/unit/kit.hh"

using namespace stook;

namespace {
constexpr size_t rows = 256;

/// A plugin with its world, as the engine would make it.
struct Bench {
  Bench(const char* name, const test::Options& options) : plugin(test::plugin(Kind::Filter, name)) {
    config.reset(plugin.config.make(), plugin.config.destroy);
    for (const Option& option : plugin.options) {
      std::string text = option.fallback == nullptr ? "" : option.fallback;
      for (const auto& [key, value] : options) {
        text = key == option.name ? value : text;
      }
      std::string why;
      option.assign(config.get(), text, option, why);
    }
    plugin.declare(config.get(), ".", wiring);
    for (const Read& read : wiring.reads) {
      in.push_back(schema.add({read.key, read.type, {}, {}}));
    }
    for (const Key& key : wiring.writes) {
      out.push_back(schema.add(key));
    }
    keys = std::make_unique<OpenKeys>(schema, 256);
    bundle = std::make_unique<Bundle>(rows, 2 * rows, keys->capacity());
    filter = plugin.filter({config.get(), "bench", {}});
  }

  /// ns per row of one round, with or without the filter.
  double round(const std::vector<std::string>& lines, bool is_run) ROOM(worker) {
    int64_t start = thread_cpu_ns();
    for (int i = 0; i < 200; i++) {
      Column& text = bundle->writable(in[0]);
      for (size_t row = 0; row < rows; row++) {
        text.set(bundle->append(), Cell::of_text(lines[row % lines.size()]));
      }
      selection.select_all(rows);
      if (is_run) {
        Batch batch(*bundle, selection, *keys, {in, out}, meter);
        filter->run(batch);
        faults += batch.faulted().size();
      }
      bundle->reset();
    }
    return static_cast<double>(thread_cpu_ns() - start) / 200 / rows;
  }

  const Plugin& plugin;
  std::shared_ptr<void> config;  // shared_ptr for its deleter, as in the kit
  Wiring wiring;
  KeySchema schema;
  std::vector<KeyId> in;
  std::vector<KeyId> out;
  std::unique_ptr<OpenKeys> keys;
  std::unique_ptr<Bundle> bundle;
  Selection selection;
  ElementMeter meter;
  std::unique_ptr<Filter> filter;
  size_t faults = 0;
};

void measure(const char* title, const char* name, const test::Options& options, const std::vector<std::string>& lines,
             int rounds) ROOM(worker) {
  Bench bench(name, options);
  std::vector<double> all;
  for (int i = 0; i < rounds; i++) {
    double frame = bench.round(lines, false);
    all.push_back(bench.round(lines, true) - frame);
  }
  std::sort(all.begin(), all.end());
  std::printf("%-28s %4zu bytes %8.1f ns/row median %8.1f best%s\n", title, lines[0].size(), all[all.size() / 2],
              all[0], bench.faults > 0 ? "  ROWS FAILED" : "");
}

/// What parse_regex is told so that it does what grok does.
test::Options as_regex(const char* pattern) {
  GrokExpression expression(pattern, GrokShelf());
  std::string types;
  for (size_t i = 0; i < expression.fields.size(); i++) {
    if (expression.fields[i].type != Type::Text) {
      types += (types.empty() ? "" : ", ") + ("stook_" + std::to_string(i + 1)) + ":" +
               std::string(type_name(expression.fields[i].type));
    }
  }
  return {{"regex", expression.text}, {"types", types}};
}

/// Lines that differ in their numbers, with a second that changes every few rows.
std::vector<std::string> lines_of(const char* format) {
  std::vector<std::string> lines;
  for (int i = 0; i < 256; i++) {
    char line[1024];
    std::snprintf(line, sizeof line, format, i % 200 + 10, i / 8 % 60, 200 + i % 7, 1000 + i * 37);
    lines.push_back(line);
  }
  return lines;
}
}  // namespace

int main(int arguments, char** argument) {
  room::enter(room::worker);
  int rounds = arguments > 1 ? std::atoi(argument[1]) : 25;
  auto access = lines_of(
      "192.0.2.%d - - [21/Nov/2026:03:38:%02d +0000] \"GET /static/img/logo.png HTTP/1.1\" %d %d "
      "\"https://www.example.com/\" \"Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0\"");
  measure("parse_access combined", "parse_access", {}, access, rounds);
  measure("grok COMBINEDAPACHELOG", "grok", {{"match", "%{COMBINEDAPACHELOG}"}}, access, rounds);
  measure("grok ^COMBINEDAPACHELOG$", "grok", {{"match", "^%{COMBINEDAPACHELOG}$"}}, access, rounds);
  measure("parse_regex, the same", "parse_regex", as_regex("%{COMBINEDAPACHELOG}"), access, rounds);
  auto kv = lines_of(
      "src=192.0.2.%d ts=2026-11-21T03:38:%02dZ level=info status=%d bytes=%d method=GET path=/api/v1/items "
      "msg=\"request done\" user=alice took=12ms");
  measure("parse_kv", "parse_kv", {}, kv, rounds);
  measure("parse_kv types = auto", "parse_kv", {{"types", "auto"}}, kv, rounds);
  auto csv = lines_of("192.0.2.%d,2026-11-21T03:38:%02dZ,%d,%d,GET,/api/v1/items,\"request, done\",alice,12ms");
  measure("parse_csv 9 columns", "parse_csv",
          {{"keys", "addr, time:time, status:integer, bytes:integer, method, path, msg, user, took"}}, csv, rounds);
  auto old = lines_of("<%d>Nov 21 03:38:%02d web1 sshd[%d%d]: Accepted publickey for deploy from 192.0.2.7 port 51022");
  for (std::string& line : old) {
    line.replace(1, line.find('>') - 1, "38");
  }
  measure("parse_syslog RFC 3164", "parse_syslog", {}, old, rounds);
  auto fresh = lines_of(
      "<165>1 2026-11-21T03:38:00.%d%02dZ web1 app %d ID47 [ex@32473 iut=\"3\" src=\"App\" id=\"%d\"] An event with "
      "words");
  measure("parse_syslog RFC 5424", "parse_syslog", {}, fresh, rounds);
  auto times = lines_of("2026-11-21T03:%2$02d:00.%3$d%4$dZ");
  measure("parse_time iso8601", "parse_time", {{"key", "ts"}}, times, rounds);
  return 0;
}
