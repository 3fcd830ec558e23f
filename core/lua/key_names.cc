// SPDX-License-Identifier: Apache-2.0
/// Keys that the user of a script names: `reads = { "${key}:text" }`.
#include <stdexcept>

#include "core/lua/manifest.hh"

namespace stook {

namespace {
const std::string& value_of(const std::string& script, const Manifest& manifest, const std::string& name) {
  for (const ScriptOption& option : manifest.options) {
    if (option.name != name) {
      continue;
    }
    if (option.kind != ScriptOption::Kind::Text) {
      throw std::invalid_argument(script + ": its key '${" + name + "}' names an option that is no text");
    }
    return option.text;
  }
  throw std::invalid_argument(script + ": its key '${" + name + "}' names no option of it");
}

void put_values(const std::string& script, const Manifest& manifest, std::string& key) {
  for (size_t at = key.find("${"); at != std::string::npos; at = key.find("${", at)) {
    size_t end = key.find('}', at);
    if (end == std::string::npos) {
      throw std::invalid_argument(script + ": its key '" + key + "' has no '}' behind '${'");
    }
    const std::string& value = value_of(script, manifest, key.substr(at + 2, end - at - 2));
    key.replace(at, end + 1 - at, value);
    at += value.size();
  }
  if (key.empty()) {
    throw std::invalid_argument(script + ": an option that names a key is empty; it would be a key's name");
  }
}
}  // namespace

void name_keys(const std::string& script, Manifest& manifest) {
  for (Read& read : manifest.reads) {
    put_values(script, manifest, read.key);
  }
  for (Key& key : manifest.writes) {
    put_values(script, manifest, key.name);
  }
  for (std::string& name : manifest.removes) {
    put_values(script, manifest, name);
  }
}

}  // namespace stook
