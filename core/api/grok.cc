// SPDX-License-Identifier: Apache-2.0
#include "core/api/grok.hh"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "core/api/grok_patterns.hh"
#include "core/base/text.hh"

namespace stook {

namespace {
struct FieldType {
  std::string_view name;
  Type type;
};
constexpr FieldType field_types[] = {
    {"int", Type::Integer}, {"integer", Type::Integer},   {"long", Type::Integer},    {"float", Type::Real},
    {"double", Type::Real}, {"real", Type::Real},         {"number", Type::Real},     {"string", Type::Text},
    {"text", Type::Text},   {"unsigned", Type::Unsigned}, {"boolean", Type::Boolean}, {"bool", Type::Boolean},
};

Type type_of(std::string_view name) {
  for (const FieldType& one : field_types) {
    if (one.name == name) {
      return one.type;
    }
  }
  throw std::invalid_argument("'" + std::string(name) +
                              "' is no type of a field; it takes int, float, string, unsigned or boolean");
}

// `[http][status]`, as others write nested fields, is `http.status`.
std::string field_name(std::string_view text) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') {
    return std::string(text);
  }
  std::string name(text.substr(1, text.size() - 2));
  for (size_t at = name.find("]["); at != std::string::npos; at = name.find("][", at)) {
    name.replace(at, 2, ".");
  }
  return name;
}
}  // namespace

void GrokShelf::add(std::string_view name, std::string_view pattern) {
  own_.emplace_back(name, pattern);
}

void GrokShelf::read(std::string_view text) {
  for (int line = 1; !text.empty(); line++) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view one = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (one.empty() || one.front() == '#') {
      continue;
    }
    size_t blank = one.find_first_of(" \t");
    if (blank == std::string_view::npos) {
      throw std::invalid_argument("line " + std::to_string(line) + ": '" + printable(one, 64) +
                                  "' has no pattern behind it; a line is written NAME pattern");
    }
    add(one.substr(0, blank), trim(one.substr(blank)));
  }
}

std::string_view GrokShelf::find(std::string_view name) const {
  for (auto own = own_.rbegin(); own != own_.rend(); ++own) {
    if (own->first == name) {
      return own->second;
    }
  }
  std::vector<std::string_view> names;
  for (const GrokPattern& pattern : grok_patterns) {
    if (pattern.name == name) {
      return pattern.text;
    }
    names.push_back(pattern.name);
  }
  for (const auto& own : own_) {
    names.push_back(own.first);
  }
  std::string_view near = nearest_name(name, names);
  throw std::invalid_argument("there is no pattern '" + std::string(name) + "'; " +
                              (near.empty() ? remedy : "did you mean '" + std::string(near) + "'?"));
}

GrokExpression::GrokExpression(std::string_view pattern, const GrokShelf& shelf) {
  add(pattern, shelf);
}

// NAME, NAME:field or NAME:field:type.
void GrokExpression::add_named(std::string_view inside, const GrokShelf& shelf) {
  size_t colon = std::min(inside.find(':'), inside.size());
  std::string_view name = inside.substr(0, colon);
  std::string_view pattern = shelf.find(name);
  if (std::find(within_.begin(), within_.end(), name) != within_.end()) {
    std::string way;
    for (std::string_view one : within_) {
      way += std::string(one) + " → ";
    }
    throw std::invalid_argument("the pattern '" + std::string(name) + "' refers to itself: " + way + std::string(name));
  }
  std::string_view field = inside.substr(std::min(colon + 1, inside.size()));
  if (field.empty()) {
    text += "(?:";
  } else {
    size_t end = std::min(field.find(':'), field.size());
    std::string_view type = field.substr(std::min(end + 1, field.size()));
    fields.push_back({field_name(field.substr(0, end)), type.empty() ? Type::Text : type_of(type), 0});
    text += "(?<stook_" + std::to_string(fields.size()) + ">";
  }
  within_.push_back(name);
  add(pattern, shelf);
  within_.pop_back();
  text += ')';
}

void GrokExpression::add(std::string_view pattern, const GrokShelf& shelf) {
  while (!pattern.empty()) {
    size_t at = pattern.find("%{");
    text += pattern.substr(0, at);
    if (text.size() > longest) {
      throw std::invalid_argument("the expression would be longer than 16 KiB");
    }
    if (at == std::string_view::npos) {
      return;
    }
    size_t end = pattern.find('}', at);
    if (end == std::string_view::npos) {
      throw std::invalid_argument("'%{' has no '}' behind it");
    }
    add_named(pattern.substr(at + 2, end - at - 2), shelf);
    pattern = pattern.substr(end + 1);
  }
}

void GrokExpression::number(const Regex& regex) {
  for (const Regex::Group& group : regex.groups()) {
    size_t place = group.name.rfind("stook_", 0) == 0 ? static_cast<size_t>(std::atoi(group.name.c_str() + 6)) : 0;
    if (place >= 1 && place <= fields.size()) {
      fields[place - 1].number = group.number;
    } else {
      fields.push_back({group.name, Type::Text, group.number});
    }
  }
}

}  // namespace stook
