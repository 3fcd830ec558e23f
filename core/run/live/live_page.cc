// SPDX-License-Identifier: Apache-2.0
#include "core/run/live/live_page.hh"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "core/base/text.hh"
#include "core/plan/describe_table.hh"

namespace stook {

namespace {
constexpr int64_t second = 1'000'000'000;
constexpr std::string_view json = "application/json";

HttpPage refusal(int status, const std::string& why) {
  return {status, "text/plain; charset=utf-8", why + "\n"};
}

int hex_of(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                : -1;
}

// The value of a field of a query (application/x-www-form-urlencoded); empty when there is none. Nothing: it is wrong, or
// holds what a line to the control socket must not.
std::optional<std::string> field_of(std::string_view query, std::string_view name) {
  std::string value;
  for (size_t at = 0; at < query.size();) {
    std::string_view pair = query.substr(at, query.find('&', at) - at);
    at += pair.size() + 1;
    if (!pair.starts_with(name) || pair.substr(name.size(), 1) != "=") {
      continue;
    }
    pair.remove_prefix(name.size() + 1);
    for (size_t i = 0; i < pair.size(); i++) {
      bool is_coded = pair[i] == '%';
      int high = is_coded && i + 2 < pair.size() ? hex_of(pair[i + 1]) : -1;
      int low = is_coded && i + 2 < pair.size() ? hex_of(pair[i + 2]) : -1;
      if (is_coded && (high < 0 || low < 0)) {
        return std::nullopt;
      }
      value += is_coded ? static_cast<char>(high * 16 + low) : pair[i] == '+' ? ' ' : pair[i];
      i += is_coded ? 2 : 0;
    }
  }
  bool is_clean = std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return is_clean && value.size() < Control::longest_request / 2 ? std::optional(value) : std::nullopt;
}

// `= PASSED LOOKED MATCHED SHOWN`, in words.
std::string show_counts(std::string_view line) {
  std::array<uint64_t, 4> counts{};
  const char* at = line.data() + std::min<size_t>(line.size(), 2);
  for (uint64_t& count : counts) {
    auto [end, error] = std::from_chars(at, line.data() + line.size(), count);
    at = end + (end < line.data() + line.size() ? 1 : 0);
  }
  auto [passed, looked, matched, shown] = counts;
  return show_count(passed) + " have passed, " +
         (looked == passed ? "all were looked at, " : show_count(looked) + " were looked at, ") +
         (matched == looked ? "" : show_count(matched) + " match, ") +
         (shown == matched ? "and are shown" : show_count(shown) + " of them are shown");
}
}  // namespace

LivePage::LivePage(Loop& loop, const Control& control, std::function<std::string()> config)
    : loop_(loop), control_(control), config_(std::move(config)) {}

void LivePage::add_to(HttpPages& pages) {
  pages.add("/", "the page", [](const HttpQuestion&) {
    return HttpPage{200, "text/html; charset=utf-8", std::string(text)};
  });
  pages.add("/ledger.json", "where all rows are",
            [this](const HttpQuestion&) ROOM(front) { return ask("ledger json"); });
  pages.add("/health.json", "what waits", [this](const HttpQuestion&) ROOM(front) { return ask("health json"); });
  pages.add("/config.json", "what is configured, and where", [this](const HttpQuestion&) {
    return HttpPage{200, std::string(json), config_()};
  });
  pages.add("/tap.json", "rows that pass: element=ID&where=EXPRESSION&by=ANYTHING; asked again, those since then",
            [this](const HttpQuestion& question) ROOM(front) { return tap(question.query); });
}

HttpPage LivePage::ask(std::string_view request) const {
  Control::Answer answer = control_.answer(request);
  return answer.is_good ? HttpPage{200, std::string(json), std::move(answer.text)} : refusal(500, answer.text);
}

HttpPage LivePage::tap(std::string_view query) {
  auto known = std::find_if(taps_.begin(), taps_.end(), [&](const Tap& one) { return one.query == query; });
  if (known != taps_.end()) {
    return read(*known);
  }
  std::optional<std::string> element = field_of(query, "element");
  std::optional<std::string> where = field_of(query, "where");
  if (!element || !where || element->empty() || element->find(' ') != std::string::npos) {
    return refusal(400, "it is asked as tap.json?element=ID&where=EXPRESSION, in printable ASCII");
  }
  if (taps_.size() >= most_taps) {
    return refusal(503, "there are " + std::to_string(most_taps) + " taps; try again later");
  }
  Control::Answer answer = control_.answer("tap " + *element + (where->empty() ? "" : " where " + *where));
  if (!answer.is_good || !answer.rest) {
    return refusal(400, answer.text);
  }
  taps_.push_back({std::string(query), std::move(answer.rest), "nothing has passed yet", 0});
  timer_.on_time<&LivePage::on_time>(loop_, this, second, second);
  return read(taps_.back());
}

HttpPage LivePage::read(Tap& tap) {
  std::string lines;
  bool goes_on = tap.rows->read(lines);
  std::string page = "{\"rows\":[";
  for (size_t at = 0; at < lines.size();) {
    std::string_view line = std::string_view(lines).substr(at, lines.find('\n', at) - at);
    at += line.size() + 1;
    if (line.starts_with("= ")) {
      tap.said = show_counts(line);
    } else if (line.size() >= 2) {
      page += (page.back() == '[' ? "" : ",") + json_text(line.starts_with("> ") ? line.substr(2) : line);
    }
  }
  page += "],\"said\":" + json_text(tap.said) + "}";
  tap.asked_at = loop_.now();
  if (!goes_on) {
    std::erase_if(taps_, [&](const Tap& one) { return &one == &tap; });
  }
  return {200, std::string(json), std::move(page)};
}

void LivePage::on_time() {
  std::erase_if(taps_, [&](const Tap& one) { return loop_.now() - one.asked_at > patience; });
  if (taps_.empty()) {
    timer_.stop();
  }
}

}  // namespace stook
