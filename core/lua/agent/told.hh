// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What the script of a source was told and has not read yet. Room: its owner's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stook {

/// A later word takes the place of an earlier one that it makes pointless: so there are three at the most.
struct Told {
  enum class Word : uint8_t { None, Stop, Pause, Resume, Commit };

  void tell(Word word, std::string_view about) {
    if (word == Word::Commit) {
      has_token = has_token || token != about;
      token = about;
    } else if (word == Word::Stop) {
      has_stop = true;
    } else {
      flow = word == flow_read ? Word::None : word;
    }
  }
  bool has_any() const { return has_stop || has_token || flow != Word::None; }
  /// The next word; None: there is none. Of Commit, the token is in `token`.
  Word take() {
    if (has_stop) {
      has_stop = false;
      return Word::Stop;
    }
    if (flow != Word::None) {
      flow_read = flow;
      flow = Word::None;
      return flow_read;
    }
    Word word = has_token ? Word::Commit : Word::None;
    has_token = false;
    return word;
  }

  std::string token;
  Word flow = Word::None;
  Word flow_read = Word::Resume;
  bool has_stop = false;
  bool has_token = false;
  /// The script has asked once.
  bool is_listening = false;
};

}  // namespace stook
