// SPDX-License-Identifier: Apache-2.0
#include "sinks/codecs/sprint_form.hh"

#include <algorithm>
#include <stdexcept>

#include "core/base/text.hh"

namespace stook {

namespace {

/// *Invariants:* what is before `at_` is read.
class FormReader {
 public:
  explicit FormReader(std::string_view text) : text_(text) {}

  SprintForm read() {
    SprintGroup plain{{{}}, false};
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (c == '(') {
        flush(plain);
        form_.groups.push_back(read_group());
      } else if (c == ')' || c == '|' || c == '>') {
        fail(std::string(1, c) + " stands alone", "as text it is \\" + std::string(1, c));
      } else {
        read_piece(plain.alternatives[0]);
      }
    }
    flush(plain);
    return std::move(form_);
  }

 private:
  [[noreturn]] void fail(const std::string& what, const std::string& instead) const {
    throw std::invalid_argument("form is '" + printable(text_, 128) + "', in which " + what + "; " + instead);
  }

  void flush(SprintGroup& plain) {
    if (!plain.alternatives[0].empty()) {
      form_.groups.push_back(plain);
      plain.alternatives[0].clear();
    }
  }

  SprintGroup read_group() {
    SprintGroup group{{{}}, true};
    for (at_++; at_ < text_.size() && text_[at_] != ')';) {
      if (text_[at_] == '|') {
        group.alternatives.emplace_back();
        at_++;
      } else if (text_[at_] == '(' || text_[at_] == '>') {
        fail(std::string(1, text_[at_]) + " stands within ( )", "as text it is \\" + std::string(1, text_[at_]));
      } else {
        read_piece(group.alternatives.back());
      }
    }
    if (at_ == text_.size()) {
      fail("( has no )", "as text it is \\(");
    }
    at_++;
    return group;
  }

  void read_piece(std::vector<SprintPiece>& to) {
    if (text_[at_] == '<') {
      SprintPiece piece;
      piece.keys.push_back(read_key());
      while (text_.substr(at_).starts_with("+<")) {
        at_++;
        piece.keys.push_back(read_key());
      }
      to.push_back(std::move(piece));
      return;
    }
    if (to.empty() || !to.back().keys.empty()) {
      to.emplace_back();
    }
    to.back().text += read_character();
  }

  size_t read_key() {
    size_t end = text_.find('>', at_);
    if (end == std::string_view::npos || end == at_ + 1) {
      fail(end == std::string_view::npos ? "< has no >" : "<> has no key", "a key is written as <ip.saddr>");
    }
    std::string name(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    auto known = std::find(form_.keys.begin(), form_.keys.end(), name);
    if (known != form_.keys.end()) {
      return static_cast<size_t>(known - form_.keys.begin());
    }
    form_.keys.push_back(name);
    return form_.keys.size() - 1;
  }

  char read_character() {
    char c = text_[at_++];
    if (c != '\\') {
      return c;
    }
    constexpr std::string_view known = "\\<>()|+";
    char escaped = at_ < text_.size() ? text_[at_++] : '\0';
    if (escaped == 'n' || escaped == 't') {
      return escaped == 'n' ? '\n' : '\t';
    }
    if (escaped == '\0' || known.find(escaped) == std::string_view::npos) {
      fail(R"(\ is followed by none of n t \ < > ( ) | +)", R"(as text it is \\)");
    }
    return escaped;
  }

  std::string_view text_;
  size_t at_ = 0;
  SprintForm form_;
};

}  // namespace

SprintForm read_sprint_form(std::string_view text) {
  return FormReader(text).read();
}

}  // namespace stook
