// SPDX-License-Identifier: Apache-2.0
#include "core/api/expression_text.hh"

#include <stdexcept>

#include "core/base/text.hh"

namespace stook {

namespace {

bool is_letter(char c) {
  char low = static_cast<char>(c | 0x20);
  return (low >= 'a' && low <= 'z') || c == '_' || c == '@' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_inner(char c) {
  return is_letter(c) || is_digit(c) || c == '.' || c == '-';
}

/// Signs that other languages have, and what stands for them here.
struct Foreign {
  std::string_view sign;
  std::string_view advice;
};
constexpr Foreign foreign[] = {
    {"&&", "write and"},          {"||", "write or"}, {"=~", "write ~"},  {"<>", "write !="},
    {"=", "write == to compare"}, {"!", "write not"}, {"&", "write and"}, {"|", "write or"},
};
// Longer ones first.
constexpr std::string_view signs[] = {"==", "!=", "<=", ">=", "!~", "<", ">", "~", "(", ")", ","};

int hex_digit(char c) {
  char low = static_cast<char>(c | 0x20);
  return is_digit(c) ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

}  // namespace

void refuse_expression(size_t place, const std::string& sentence) {
  throw std::invalid_argument("at character " + std::to_string(place + 1) + ": " + sentence);
}

Word WordReader::quoted(char quote) {
  size_t begin = at_++;
  while (at_ < text_.size() && text_[at_] != quote) {
    at_ += text_[at_] == '\\' && quote != '`' ? 2 : 1;
  }
  if (at_ >= text_.size()) {
    refuse_expression(begin, std::string("no closing quote; this one needs a second ") + quote);
  }
  Word word{quote == '`' ? Word::Kind::Backquoted : Word::Kind::Text, begin, text_.substr(begin + 1, at_ - begin - 1),
            quote};
  at_++;
  return word;
}

Word WordReader::sign() {
  std::string_view left = text_.substr(at_);
  for (const Foreign& one : foreign) {
    bool is_known = left.substr(0, 2) == "==" || left.substr(0, 2) == "!=" || left.substr(0, 2) == "!~";
    if (!is_known && left.substr(0, one.sign.size()) == one.sign) {
      refuse_expression(at_, std::string(one.sign) + " is no sign here; " + std::string(one.advice));
    }
  }
  for (std::string_view one : signs) {
    if (left.substr(0, one.size()) == one) {
      Word word{Word::Kind::Sign, at_, left.substr(0, one.size())};
      at_ += one.size();
      return word;
    }
  }
  refuse_expression(at_, "unexpected " + printable(left.substr(0, 1)) +
                             "; keys with other characters than letters, digits, _, @, . and - stand in `backquotes`");
}

Word WordReader::next() {
  while (at_ < text_.size() && is_blank(text_[at_])) {
    at_++;
  }
  if (at_ >= text_.size()) {
    return {Word::Kind::End, text_.size(), {}};
  }
  char c = text_[at_];
  if (c == '"' || c == '\'' || c == '`') {
    return quoted(c);
  }
  bool is_number = is_digit(c) || c == '-' || c == '.';
  if (!is_number && !is_letter(c)) {
    return sign();
  }
  size_t begin = at_++;
  while (at_ < text_.size() &&
         (is_inner(text_[at_]) || (is_number && text_[at_] == '+' && (text_[at_ - 1] | 0x20) == 'e'))) {
    at_++;
  }
  return {is_number ? Word::Kind::Number : Word::Kind::Name, begin, text_.substr(begin, at_ - begin)};
}

std::string unquoted(const Word& word) {
  constexpr std::string_view letters = "nrt\\\"'";
  constexpr std::string_view meanings = "\n\r\t\\\"'";
  std::string text;
  for (size_t i = 0; i < word.text.size(); i++) {
    char c = word.text[i];
    if (c != '\\' || word.quote == '`') {
      text += c;
      continue;
    }
    size_t place = word.place + 1 + i;
    char next = word.text[++i];
    size_t known = letters.find(next);
    if (known != std::string_view::npos) {
      text += meanings[known];
    } else if (next == 'x' && i + 2 < word.text.size() && hex_digit(word.text[i + 1]) >= 0 &&
               hex_digit(word.text[i + 2]) >= 0) {
      text += static_cast<char>(hex_digit(word.text[i + 1]) << 4 | hex_digit(word.text[i + 2]));
      i += 2;
    } else {
      refuse_expression(place, "unknown escape \\" + printable({&next, 1}) +
                                   "; it takes \\\\ \\\" \\' \\n \\r \\t and \\xNN, and \\\\ for a backslash");
    }
  }
  return text;
}

std::string unquoted_regex(const Word& word) {
  std::string text;
  for (size_t i = 0; i < word.text.size(); i++) {
    if (word.text[i] == '\\' && i + 1 < word.text.size()) {
      if (word.text[i + 1] != word.quote) {
        text += '\\';
      }
      i++;
    }
    text += word.text[i];
  }
  return text;
}

}  // namespace stook
