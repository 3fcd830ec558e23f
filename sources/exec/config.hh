// SPDX-License-Identifier: Apache-2.0
/// The options of `exec`. Room: none.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/api/option.hh"

namespace stook {

enum class ExecMode : uint8_t { Once, Interval, Supervised };
enum class ExecWatch : uint8_t { Stdout, Stderr, Both };

struct ExecConfig {
  std::string command;
  bool is_shell;
  ExecMode mode;
  Duration interval;
  ExecWatch watch;
  Duration timeout;
  std::vector<std::string> environment;
  std::string folder;
  bool reports_exit;
  Size max_line;
  // Made by `declare`.
  std::vector<std::string> words;
};

template <>
inline constexpr std::string_view choice_names<ExecMode>[] = {"once", "interval", "supervised"};
template <>
inline constexpr std::string_view choice_names<ExecWatch>[] = {"stdout", "stderr", "both"};

}  // namespace stook
