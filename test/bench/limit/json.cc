// SPDX-License-Identifier: Apache-2.0
//
// JSON lines by simdjson's on-demand parser: a row is left as soon as its status says so, a kept one is decoded
// value by value into a struct and written from there.

#include <simdjson.h>

#include "modes.hh"
#include "stream.hh"
#include "text.hh"

namespace limit {

namespace {

static_assert(PAD >= simdjson::SIMDJSON_PADDING);

/// The values of one line. Texts borrow the parser's buffer until the next line.
struct Entry {
  std::string_view time;
  std::string_view host;
  std::string_view service;
  std::string_view level;
  std::string_view path;
  std::string_view message;
  std::string_view country;
  int64_t status = 0;
  int64_t bytes = 0;
  int64_t trace = 0;
  double duration = 0;
  double latitude = 0;
  double longitude = 0;
  bool is_cached = false;
};

enum class Verdict { Kept, Dropped, Unread };

/// Decodes one line. The keys are asked for in the order they usually come in, which is the fast way; any order is
/// understood.
Verdict decode(simdjson::ondemand::parser& parser, std::string_view line, Entry& entry) {
  simdjson::ondemand::document document;
  simdjson::ondemand::object root;
  if (parser.iterate(line.data(), line.size(), line.size() + PAD).get(document) || document.get_object().get(root) ||
      root["time"].get(entry.time) || root["host"].get(entry.host) || root["service"].get(entry.service) ||
      root["level"].get(entry.level) || root["status"].get(entry.status)) {
    return Verdict::Unread;
  }
  if (entry.status < 400) {
    return Verdict::Dropped;
  }
  simdjson::ondemand::object place;
  if (root["duration"].get(entry.duration) || root["bytes"].get(entry.bytes) || root["path"].get(entry.path) ||
      root["trace"].get(entry.trace) || root["cached"].get(entry.is_cached) || root["message"].get(entry.message) ||
      root["geo"].get_object().get(place) || place["country"].get(entry.country) || place["lat"].get(entry.latitude) ||
      place["lon"].get(entry.longitude)) {
    return Verdict::Unread;
  }
  return Verdict::Kept;
}

char* encode(char* to, const Entry& entry) {
  to = put_string(put(to, R"({"time":")"), entry.time);
  to = put_string(put(to, R"(","host":")"), entry.host);
  to = put_string(put(to, R"(","service":")"), entry.service);
  to = put_string(put(to, R"(","level":")"), entry.level);
  to = put_integer(put(to, R"(","status":)"), entry.status);
  to = put_double(put(to, R"(,"duration":)"), entry.duration);
  to = put_integer(put(to, R"(,"bytes":)"), entry.bytes);
  to = put_string(put(to, R"(,"path":")"), entry.path);
  to = put_integer(put(to, R"(","trace":)"), entry.trace);
  to = put(to, R"(,"cached":)");
  to = entry.is_cached ? put(to, "true") : put(to, "false");
  to = put_string(put(to, R"(,"message":")"), entry.message);
  to = put_string(put(to, R"(","geo":{"country":")"), entry.country);
  to = put_double(put(to, R"(","lat":)"), entry.latitude);
  to = put_double(put(to, R"(,"lon":)"), entry.longitude);
  return put(to, "}}\n");
}

}  // namespace

size_t run_json(const std::string& in, const std::string& out) {
  Output output(out);
  simdjson::ondemand::parser parser;
  Entry entry;
  size_t unread = 0;
  each_line(in, [&](std::string_view line) {
    const Verdict verdict = decode(parser, line, entry);
    unread += verdict == Verdict::Unread ? 1 : 0;
    if (verdict == Verdict::Kept) {
      output.filled(encode(output.room(6 * line.size() + 512), entry));
    }
  });
  return unread;
}

}  // namespace limit
