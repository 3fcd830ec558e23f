// SPDX-License-Identifier: Apache-2.0
/// Floor 5. What `stook gen` is asked for, and the configuration that does it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stook {

/// A count with a unit of thousands: `50k`, `1M`, `2.5M`, `1G`. False when it is none.
[[nodiscard]] bool read_many(std::string_view text, double& number);
/// A target or an address to listen at, as `tcp:127.0.0.1:5514`: the plugin, and its option for the rest. Empty plugin:
/// it is none.
struct GenTarget {
  std::string plugin;
  std::string option;
  std::string value;
};
GenTarget target_of(std::string_view text, bool is_source);
/// The name of a framing as sources and sinks have it; empty when it is none.
std::string framing_of(std::string_view text);

struct GenWish {
  GenTarget to;
  std::vector<std::pair<std::string, double>> templates;  // and their parts
  double count = 0;
  double rate = 0;
  int64_t span = 0;  // ns
  std::string size;
  std::string seed;
  std::string framing;
  bool is_numbered = false;
  bool as_json = false;

  /// Empty, or what is wrong.
  std::string read(const std::vector<std::string>& words);
  std::string config() const;

 private:
  std::string read_option(const std::string& name, const std::string& value);
  std::string read_templates(const std::string& value);
};

}  // namespace stook
