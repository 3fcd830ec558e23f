// SPDX-License-Identifier: Apache-2.0
/// The options of parse_regex: the input's first line is `regex`, the second `types`, the rest is the text of a row. No
/// options crash, and each row either matches or says why not and keeps its text.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/api/plugin.hh"

namespace stook {
extern const Plugin filter_parse_regex;
}

using namespace stook;

namespace {

using ConfigPointer = std::unique_ptr<void, void (*)(void*)>;

ConfigPointer config_of(const std::string& regex, const std::string& types) {
  const Plugin& plugin = filter_parse_regex;
  ConfigPointer config(plugin.config.make(), plugin.config.destroy);
  for (const Option& option : plugin.options) {
    std::string_view name = option.name;
    std::string text = name == "regex"         ? regex
                       : name == "types"       ? types
                       : name == "match_limit" ? "1000"
                                               : option.fallback;
    std::string why;
    if (!option.assign(config.get(), text, option, why)) {
      throw std::invalid_argument(why);
    }
  }
  return config;
}

void run(const void* config, const Wiring& wiring, std::string_view text) {
  room::enter(room::worker);
  KeySchema schema;
  KeyId in = schema.add({wiring.reads[0].key, Type::Text, "", ""});
  std::vector<KeyId> out;
  for (const Key& key : wiring.writes) {
    out.push_back(schema.add(key));
  }
  OpenKeys keys(schema, 1);
  Bundle bundle(1, 1, keys.capacity());
  bundle.put(in, bundle.append(), Cell::of_text(text));
  Selection selection;
  selection.select_all(1);
  ElementMeter meter;
  Batch batch(bundle, selection, keys, {{&in, 1}, out}, meter);
  filter_parse_regex.filter({config, "fuzz", {}})->run(batch);
  const Column* errors = bundle.column(out[0]);
  bool has_error = errors != nullptr && errors->has(0);
  if (batch.faulted().size() == 1 && (!has_error || !bundle.column(in)->has(0))) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string input(reinterpret_cast<const char*>(data), size < 2048 ? size : 2048);
  size_t first = input.find('\n');
  size_t second = first == std::string::npos ? first : input.find('\n', first + 1);
  if (second == std::string::npos) {
    return 0;
  }
  std::string text = input.substr(second + 1);
  try {
    ConfigPointer config = config_of(input.substr(0, first), input.substr(first + 1, second - first - 1));
    Wiring wiring;
    filter_parse_regex.declare(config.get(), ".", wiring);
    run(config.get(), wiring, text);
  } catch (const std::invalid_argument&) {
    return 0;
  }
  return 0;
}
