// SPDX-License-Identifier: Apache-2.0
/// Floor 5. `stook complete [--] PROGRAM WORD… CURRENT`, which shells ask: what may stand for the last word, one a line, with
/// what it is behind a tab. It never fails, and prints nothing to stderr: somebody is typing.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "core/tool/candidates.hh"
#include "core/tool/commands.hh"
#include "core/tool/usages.hh"

namespace stook {

namespace {
constexpr const char* usual_file = "/etc/stook.conf";

// All usages in the order of `stook help`: the long ones where there are some.
std::vector<Usage> all_usages(const std::vector<CommandLine>& commands) {
  std::vector<Usage> usages;
  std::vector<Usage> more = long_usages();
  for (const CommandLine& command : commands) {
    Usage brief = read_usage(command.usage, command.doc);
    size_t before = usages.size();
    for (Usage& one : more) {
      if (one.command() == brief.command()) {
        one.doc = one.doc.empty() ? brief.doc : one.doc;
        usages.push_back(one);
      }
    }
    if (usages.size() == before) {
      usages.push_back(std::move(brief));
    }
  }
  usages.push_back(read_usage("help", "this list of commands"));
  usages.push_back(read_usage("version", "the version"));
  return usages;
}

// The configuration that the line names, or STOOK_CONFIG, or the usual one.
std::string file_at_hand(const std::vector<std::string>& words) {
  for (size_t i = 0; i + 1 < words.size(); i++) {
    if (words[i] == "-c" || words[i] == "--config" || words[i] == "--configfile") {
      return words[i + 1];
    }
  }
  const char* other = std::getenv("STOOK_CONFIG");
  return other != nullptr ? other : usual_file;
}

/// Follows the words that are there through one usage.
class Walk {
 public:
  explicit Walk(const Usage& usage) : usage_(usage) {}

  /// False: the words are of another usage.
  bool take(const std::string& word) {
    if (!argument_.empty()) {
      argument_.clear();
      return true;
    }
    if (word.size() > 1 && word.front() == '-') {
      for (const UsageWord& one : usage_.words) {
        if (one.is_switch && one.has(word)) {
          argument_ = one.argument;
          used_.push_back(&one);
        }
      }
      return true;
    }
    const UsageWord* here = next();
    if (here == nullptr || (here->is_literal() && !here->has(word))) {
      return false;
    }
    at_ += here->is_many ? 0 : 1;
    return true;
  }

  /// What may come next.
  std::vector<Candidate> offers(const std::string& current, const std::string& file) const {
    const UsageWord* here = next();
    if (argument_.empty() && (current.starts_with('-') || here == nullptr)) {
      return switches();
    }
    std::vector<Candidate> found;
    for (const std::string& name : argument_.empty() ? here->names : argument_) {
      if (is_typed(name)) {
        found.push_back({name, argument_.empty() ? usage_.doc : ""});
        continue;
      }
      std::vector<Candidate> more = candidates(name, usage_.command(), file);
      found.insert(found.end(), more.begin(), more.end());
    }
    return found;
  }

 private:
  const UsageWord* next() const {
    size_t position = 0;
    for (const UsageWord& one : usage_.words) {
      if (!one.is_switch && position++ == at_) {
        return &one;
      }
    }
    return nullptr;
  }

  std::vector<Candidate> switches() const {
    std::vector<Candidate> found;
    for (const UsageWord& one : usage_.words) {
      if (!one.is_switch || std::find(used_.begin(), used_.end(), &one) != used_.end()) {
        continue;
      }
      for (const std::string& name : one.names) {
        found.push_back({name, one.argument.empty() ? "" : one.argument.front()});
      }
    }
    return found;
  }

  const Usage& usage_;
  size_t at_ = 0;
  std::vector<std::string> argument_;
  std::vector<const UsageWord*> used_;
};

void print(const std::vector<Candidate>& found, const std::string& current, std::vector<std::string>& done) {
  for (const Candidate& one : found) {
    bool is_for_shell = one.word.front() == ':';
    if ((is_for_shell || one.word.starts_with(current)) &&
        std::find(done.begin(), done.end(), one.word) == done.end()) {
      std::printf("%s\t%s\n", one.word.c_str(), one.doc.c_str());
      done.push_back(one.word);
    }
  }
}
}  // namespace

int complete_command(const std::vector<std::string>& given, const std::vector<CommandLine>& commands) {
  std::vector<std::string> words = given;
  std::vector<Usage> usages = all_usages(commands);
  if (words.size() == 1 && words[0] == "--usages") {
    for (const Usage& one : usages) {
      std::printf("%s\t%s\n", one.text.c_str(), one.doc.c_str());
    }
    return 0;
  }
  if (!words.empty() && words[0] == "--") {
    words.erase(words.begin());
  }
  if (words.size() < 2) {
    return 2;
  }
  std::string current = words.back();
  words.pop_back();
  // Of stookd the program itself is the first word of the usage, of stook the command is.
  if (words[0].ends_with("stookd")) {
    usages = {daemon_usage()};
    words[0] = "stookd";
  } else {
    words.erase(words.begin());
  }
  std::string file = file_at_hand(words);
  std::vector<std::string> done;
  for (const Usage& usage : usages) {
    Walk walk(usage);
    if (std::all_of(words.begin(), words.end(), [&](const std::string& word) { return walk.take(word); })) {
      print(walk.offers(current, file), current, done);
    }
  }
  return 0;
}

}  // namespace stook
