// SPDX-License-Identifier: Apache-2.0
#include "core/lua/isolate/brief.hh"

#include <cstring>

namespace stook {

namespace {
/// Says of each part what it is, for the writer and for the reader.
template <class Door, class Brief>
bool pass(Door& door, Brief& brief) {
  return door.text(brief.instance) && door.text(brief.path) && door.text(brief.text) && door.texts(brief.settings) &&
         door.word(brief.limits.memory) && door.word(brief.limits.budget) && door.word(brief.world.has_debug) &&
         door.word(brief.world.has_package) && door.word(brief.world.has_lpeg) && door.text(brief.world.paths) &&
         door.text(brief.world.section) && door.text(brief.world.config) && door.text(brief.world.call) &&
         door.word(brief.world.interval) && door.text(brief.world.vocabulary) && door.word(brief.world.has_output) &&
         door.text(brief.token) && door.word(brief.level);
}

struct BriefWriter {
  std::string bytes;
  template <class Word>
  bool word(const Word& word) {
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
    return true;
  }
  bool text(const std::string& text) {
    word(text.size());
    bytes += text;
    return true;
  }
  bool texts(const std::vector<std::string>& texts) {
    word(texts.size());
    for (const std::string& one : texts) {
      text(one);
    }
    return true;
  }
};

struct BriefReader {
  std::string_view left;
  template <class Word>
  bool word(Word& word) {
    if (left.size() < sizeof word) {
      return false;
    }
    std::memcpy(&word, left.data(), sizeof word);
    left.remove_prefix(sizeof word);
    return true;
  }
  bool text(std::string& text) {
    size_t size = 0;
    if (!word(size) || size > left.size()) {
      return false;
    }
    text = left.substr(0, size);
    left.remove_prefix(size);
    return true;
  }
  bool texts(std::vector<std::string>& texts) {
    size_t count = 0;
    if (!word(count)) {
      return false;
    }
    for (; count > 0; count--) {
      if (!text(texts.emplace_back())) {
        return false;
      }
    }
    return true;
  }
};
}  // namespace

Level least_level() {
  int level = 0;
  while (level < static_cast<int>(Level::Fatal) && !is_logged(static_cast<Level>(level))) {
    level++;
  }
  return static_cast<Level>(level);
}

std::string write_brief(const ScriptBrief& brief) {
  BriefWriter writer;
  pass(writer, brief);
  return std::move(writer.bytes);
}

bool read_brief(std::string_view bytes, ScriptBrief& brief) {
  BriefReader reader{bytes};
  return pass(reader, brief) && reader.left.empty();
}

}  // namespace stook
