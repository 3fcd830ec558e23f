// SPDX-License-Identifier: Apache-2.0
#include "core/tool/usages.hh"

#include <algorithm>
#include <cctype>

namespace stook {

namespace {
struct Line {
  const char* text;
  const char* doc;
};

// Where the doc is empty the one of `stook help` stands.
constexpr Line lines[] = {
    {"run [-t THREADS] [-k BUNDLES] [-q] [--json] [--debug] FILE|STACK", ""},
    {"plan FILE|STACK", ""},
    {"state show FILE", "how far the files of a source are delivered"},
    {"state reset FILE --from-start|--from-end", "begin again at the start, or at the end"},
    {"health [--socket PATH] [-c FILE] [--json]", ""},
    {"ledger [--socket PATH] [-c FILE] [--json]", ""},
    {"top [-b|--batch] [-n N] [-d|--delay TIME] [-s|--sort COLUMN] [-f|--filter TEXT] [--json] [--socket PATH] [-c "
     "FILE]",
     ""},
    {"graph [FILE|STACK] [--dot] [--svg] [--json] [-d TIME] [--socket PATH] [-c FILE]", ""},
    {"reload [--socket PATH] [-c FILE] [--json]", ""},
    {"tap ELEMENT [--where EXPRESSION] [--json] [-n N] [--for TIME] [--socket PATH] [-c FILE]", ""},
    {"trace N [SOURCE] [--json] [--for TIME] [--socket PATH] [-c FILE]", ""},
    {"why [ROW] [--json] [--socket PATH] [-c FILE]", ""},
    {"gen --to TARGET [--template NAME] [--count N] [--rate N] [--for TIME] [--size SIZE] [--id] [--framing lf|octet] "
     "[--seed N] [--json]",
     ""},
    {"verify FILE… [--listen ADDRESS] [--framing lf|octet] [--count N] [--for TIME] [--idle TIME] [--json]", ""},
    {"spool list|check DIR [--json]", "what a queue holds, and its damage"},
    {"spool show|export DIR [--all]", "what is not yet delivered, to read or as bytes"},
    {"spool repair DIR", "set aside what is damaged"},
    {"test FILE… [--update] [--junit FILE]", ""},
    {"repl FILE|STACK", ""},
    {"letters list DIR", "counts and times by sink and reason"},
    {"letters show DIR [N] [--sink SINK]", "the first letters of each sink"},
    {"letters export DIR [--sink SINK]", "the bytes of all rows, as the sink was to have them"},
    {"letters replay DIR --config FILE --sink SINK", "offer a sink's letters to it once more"},
    {"describe PLUGIN [-c FILE] [--json] [--markdown]", ""},
};

std::vector<std::string> cut(std::string_view text, char at) {
  std::vector<std::string> pieces;
  while (!text.empty()) {
    size_t end = std::min(text.find(at), text.size());
    if (end > 0) {
      pieces.emplace_back(text.substr(0, end));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return pieces;
}

// Blanks around a bar go, and so do quotes: `FILE | 'STACK'` is one word.
std::string squeeze(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); i++) {
    if (text.substr(i, 3) == " | ") {
      out += '|';
      i += 2;
    } else if (text[i] != '\'') {
      out += text[i];
    }
  }
  return out;
}

// Says whether there was such an end, and takes it off.
bool take_end(std::string& word, std::string_view end) {
  bool has_end = word.ends_with(end);
  word.resize(word.size() - (has_end ? end.size() : 0));
  return has_end;
}
}  // namespace

bool UsageWord::has(std::string_view name) const {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool UsageWord::is_literal() const {
  return !is_switch && !names.empty() && is_typed(names.front());
}

bool is_typed(std::string_view word) {
  return word.empty() || std::isupper(static_cast<unsigned char>(word.front())) == 0;
}

Usage read_usage(std::string_view text, std::string_view doc) {
  Usage usage{std::string(text), std::string(doc), {}};
  bool wants_argument = false;
  bool is_in_brackets = false;
  for (std::string& piece : cut(squeeze(text), ' ')) {
    bool is_closed = take_end(piece, "]");
    if (wants_argument && (is_in_brackets || !is_typed(piece))) {
      usage.words.back().argument = cut(piece, '|');
      wants_argument = false;
      continue;
    }
    is_in_brackets = piece.starts_with('[') && !is_closed;
    piece.erase(0, piece.starts_with('[') ? 1 : 0);
    bool is_many = take_end(piece, "…");
    UsageWord word{cut(piece, '|'), piece.starts_with('-'), {}, is_many};
    wants_argument = word.is_switch && !is_closed;
    if (!word.names.empty()) {
      usage.words.push_back(std::move(word));
    }
  }
  return usage;
}

std::vector<Usage> long_usages() {
  std::vector<Usage> usages;
  for (const Line& line : lines) {
    usages.push_back(read_usage(line.text, line.doc));
  }
  return usages;
}

Usage daemon_usage() {
  return read_usage(
      "stookd [-d|--daemon] [-c|--configfile FILE] [-l|--loglevel LEVEL] [-v|--verbose] [-p|--pidfile PATH] "
      "[-u|--uid USER] [-i|--info PLUGIN] [-t|--threads THREADS] [-k|--keyspool BUNDLES] [-h|--help] [-V|--version]",
      "");
}

}  // namespace stook
