// SPDX-License-Identifier: Apache-2.0
#include "core/run/standing.hh"

#include "core/base/text.hh"
#include "core/data/json_text.hh"

namespace stook {

namespace {

// What a holder does, behind its name; %s is for how long.
struct Phrase {
  Holder::Kind kind;
  std::string_view state;
  const char* before;
  const char* after;
};
constexpr Phrase phrases[] = {
    {Holder::Kind::Nobody, "none", "", ""},
    {Holder::Kind::Failing, "failing", "sink ", ", which has been failing for "},
    {Holder::Kind::Silent, "silent", "sink ", ", which has not answered for "},
    {Holder::Kind::Busy, "busy", "sink ", ", which has rows to deliver for "},
    {Holder::Kind::Running, "running", "element ", ", which has been running for "},
    {Holder::Kind::Holding, "holding", "filter ", ", which has been holding rows for "},
    {Holder::Kind::Suspended, "suspended", "filter ", ", which has been suspended for "},
};

const Phrase& phrase_of(Holder::Kind kind) {
  return phrases[static_cast<size_t>(kind)];
}

std::string holder_text(const Holder& holder, int64_t now) {
  if (holder.kind == Holder::Kind::Nobody) {
    return "nobody that can be seen: the rows are between the source and the sinks";
  }
  const Phrase& phrase = phrase_of(holder.kind);
  std::string text = phrase.before + holder.id + phrase.after + show_duration(std::max<int64_t>(0, now - holder.since));
  return holder.reason.empty() ? text : text + ": " + printable(holder.reason);
}

std::string rows_text(const Standing& one, int64_t now) {
  std::string rows = one.rows == 1 ? "1 row waits" : show_count(one.rows) + " rows wait";
  return (one.rows == 0 ? "something waits" : rows) + ", the oldest for " + show_duration(one.age(now));
}

std::string quoted(std::string_view text) {
  std::string out(6 * text.size() + json_margin, '\0');
  out.resize(static_cast<size_t>(put_json_string(out.data(), text, BinaryForm::Escape) - out.data()));
  return out;
}

std::string seconds(int64_t ns) {
  std::string millis = std::to_string(ns / 1'000'000 % 1000);
  return std::to_string(ns / 1'000'000'000) + "." + std::string(3 - millis.size(), '0') + millis;
}

}  // namespace

std::string_view holder_state(Holder::Kind kind) {
  return phrase_of(kind).state;
}

std::string Standings::summary() const {
  size_t count = stalled();
  std::string text = count == 0 ? "healthy: " : "unhealthy: " + std::to_string(count) + " of ";
  text += std::to_string(all.size()) + (all.size() == 1 ? " source" : " sources");
  if (count == 0) {
    return text;
  }
  text += count == 1 ? " has come to a stop" : " have come to a stop";
  for (const Standing& one : all) {
    if (is_stalled(one)) {
      return text + "; " + one.source + " is held by " + holder_text(one.holder, now);
    }
  }
  return text;
}

std::string Standings::text() const {
  std::string first = summary();
  std::string stopped;
  std::string moving;
  for (const Standing& one : all) {
    if (is_stalled(one)) {
      stopped += "  " + one.stack + ": nothing acknowledged for " + show_duration(one.still_for(now)) + "; " +
                 rows_text(one, now) + "\n    held by " + holder_text(one.holder, now) + "\n";
    } else if (one.is_out()) {
      moving += "  " + one.stack + ": moving; " + rows_text(one, now) + "\n";
    }
  }
  std::string state = !stopped.empty() ? "" : moving.empty() ? ", nothing waits" : ", rows on their way";
  return first.substr(0, first.find(';')) + state + "\n" + stopped + moving;
}

std::string Standings::json() const {
  std::string text = std::string("{\"healthy\":") + (stalled() == 0 ? "true" : "false") +
                     ",\"stall_after_s\":" + seconds(stall_after) + ",\"sources\":[";
  for (const Standing& one : all) {
    const Holder& holder = one.holder;
    bool is_held = holder.kind != Holder::Kind::Nobody;
    text += std::string(text.back() == '[' ? "" : ",") + "{\"source\":" + quoted(one.source) +
            ",\"stack\":" + quoted(one.stack) + ",\"stalled\":" + (is_stalled(one) ? "true" : "false") +
            ",\"rows\":" + std::to_string(one.rows) + ",\"oldest_s\":" + seconds(one.age(now)) +
            ",\"still_s\":" + seconds(one.still_for(now)) + ",\"holder\":" + (is_held ? quoted(holder.id) : "null") +
            ",\"holder_state\":\"" + std::string(holder_state(holder.kind)) +
            "\",\"holder_s\":" + seconds(is_held ? std::max<int64_t>(0, now - holder.since) : 0) +
            ",\"reason\":" + quoted(holder.reason) + "}";
  }
  return text + "]}";
}

}  // namespace stook
