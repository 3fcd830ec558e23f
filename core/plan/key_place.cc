// SPDX-License-Identifier: Apache-2.0
#include "core/plan/key_place.hh"

#include <fstream>
#include <iterator>

namespace stook {

namespace {
// The file of which the plugin kept the content, by the option that names it; empty when there is none.
std::string content_file(const Draft& draft, const InstanceDraft& one) {
  const std::string& content = one.instance->wiring.content;
  for (size_t i = 0; !content.empty() && i < one.given.size(); i++) {
    const std::string& value = one.given[i].meant;
    std::string path = value.empty() || value[0] == '/' ? value : draft.folder + "/" + value;
    std::ifstream file(path, std::ios::binary);
    if (file && std::string(std::istreambuf_iterator<char>(file), {}) == content) {
      return path.rfind("./", 0) == 0 ? path.substr(2) : path;
    }
  }
  return {};
}

// Whether the name at this offset is a text of its own, as in "status", "?status:integer" or 'status'.
bool is_quoted(const std::string& text, size_t at, size_t size) {
  size_t begin = at > 0 && text[at - 1] == '?' ? at - 1 : at;
  char quote = begin > 0 ? text[begin - 1] : '\0';
  char next = at + size < text.size() ? text[at + size] : '\0';
  return (quote == '"' || quote == '\'') && (next == quote || next == ':');
}

// Line 0: it stands nowhere.
Place place_in_content(const Draft& draft, const InstanceDraft& one, const std::string& key) {
  const std::string& text = one.instance->wiring.content;
  size_t at = text.find(key);
  while (at != std::string::npos && !is_quoted(text, at, key.size())) {
    at = text.find(key, at + 1);
  }
  std::string file = at == std::string::npos ? "" : content_file(draft, one);
  if (file.empty()) {
    return {};
  }
  size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
  Place place{std::move(file), 1, static_cast<int>(at - begin) + 1, static_cast<int>(key.size()), {}};
  for (size_t i = 0; i < begin; i++) {
    place.line += text[i] == '\n' ? 1 : 0;
  }
  place.text = text.substr(begin, text.find('\n', at) - begin);
  return place;
}
}  // namespace

Place place_of_key(const Draft& draft, const std::string& key, const Instance& instance) {
  for (const InstanceDraft& one : draft.instances) {
    if (one.instance.get() != &instance) {
      continue;
    }
    Place place = place_in_content(draft, one, key);
    for (size_t i = 0; place.line == 0 && i < one.given.size(); i++) {
      const Given& given = one.given[i];
      if (given.value.find(key) == std::string::npos) {
        continue;
      }
      place = given.value_place;
      size_t at = place.column > 0 ? place.text.find(key, static_cast<size_t>(place.column) - 1) : std::string::npos;
      if (at != std::string::npos) {
        place.column = static_cast<int>(at) + 1;
        place.length = static_cast<int>(key.size());
      }
      return place;
    }
    return place.line > 0 ? place : instance.place;
  }
  return instance.place;
}

}  // namespace stook
