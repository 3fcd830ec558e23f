// SPDX-License-Identifier: Apache-2.0
#include "core/tool/scraped.hh"

#include <algorithm>
#include <cstdlib>

namespace stook {

namespace {
// The text of a quoted value; `at` stands behind the opening quote, and then behind the closing one.
std::string read_quoted(std::string_view line, size_t& at) {
  std::string text;
  for (; at < line.size() && line[at] != '"'; at++) {
    if (line[at] == '\\' && at + 1 < line.size()) {
      at++;
      text += line[at] == 'n' ? '\n' : line[at];
    } else {
      text += line[at];
    }
  }
  at++;
  return text;
}

// False: the line is no sample.
bool read_sample(std::string_view line, ScrapedSample& sample) {
  size_t at = line.find_first_of("{ ");
  if (line.empty() || line[0] == '#' || at == std::string_view::npos) {
    return false;
  }
  sample.name = line.substr(0, at);
  if (line[at] == '{') {
    at++;
    while (at < line.size() && line[at] != '}') {
      size_t equals = line.find("=\"", at);
      if (equals == std::string_view::npos) {
        return false;
      }
      std::string name(line.substr(at, equals - at));
      at = equals + 2;
      std::string value = read_quoted(line, at);
      sample.labels.emplace_back(std::move(name), std::move(value));
      at += at < line.size() && line[at] == ',' ? 1 : 0;
    }
    at++;
  }
  if (at >= line.size()) {
    return false;
  }
  sample.value = std::strtod(std::string(line.substr(at)).c_str(), nullptr);
  return true;
}
}  // namespace

std::string_view ScrapedSample::label(std::string_view name_) const {
  for (const auto& [one, value_of] : labels) {
    if (one == name_) {
      return value_of;
    }
  }
  return {};
}

bool ScrapedSample::has(const std::vector<std::pair<std::string_view, std::string_view>>& wanted) const {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& one) { return label(one.first) == one.second; });
}

Scraped::Scraped(std::string_view text) {
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    ScrapedSample sample;
    if (read_sample(text.substr(0, end), sample)) {
      samples_.push_back(std::move(sample));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

double Scraped::sum(std::string_view name, const Wanted& wanted) const {
  double all = 0;
  for (const ScrapedSample& one : samples_) {
    all += one.name == name && one.has(wanted) ? one.value : 0;
  }
  return all;
}

double Scraped::most(std::string_view name, const Wanted& wanted) const {
  double most = 0;
  for (const ScrapedSample& one : samples_) {
    most = one.name == name && one.has(wanted) ? std::max(most, one.value) : most;
  }
  return most;
}

}  // namespace stook
