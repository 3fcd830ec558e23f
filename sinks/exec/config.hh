// SPDX-License-Identifier: Apache-2.0
/// The options of the sink `exec`. Room: none.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/api/option.hh"

namespace stook {

enum class ExecForm : uint8_t { Stream, File };
enum class ExecConfirm : uint8_t { None, Line };

struct ExecSinkConfig {
  std::string command;
  bool is_shell;
  ExecForm form;
  ExecConfirm confirm;
  std::string batch_end;
  Duration timeout;
  std::string output;
  std::string temporary;
  std::vector<std::string> environment;
  std::string folder;
  // Made by `declare`.
  std::vector<std::string> words;
};

template <>
inline constexpr std::string_view choice_names<ExecForm>[] = {"stream", "file"};
template <>
inline constexpr std::string_view choice_names<ExecConfirm>[] = {"none", "line"};

}  // namespace stook
