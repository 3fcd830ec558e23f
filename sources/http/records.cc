// SPDX-License-Identifier: Apache-2.0
#include "sources/http/records.hh"

#include <cstring>

#include "core/base/text.hh"

namespace stook {

namespace {
constexpr std::string_view blanks = " \t\r\n";

std::string_view without_blanks(std::string_view text) {
  size_t begin = text.find_first_not_of(blanks);
  return begin == std::string_view::npos ? std::string_view()
                                         : text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// The offset of the quote that ends a string; `at` stands behind the one that begins it.
size_t string_end(std::string_view text, size_t at) {
  while (at < text.size()) {
    const void* quote = std::memchr(text.data() + at, '"', text.size() - at);
    if (quote == nullptr) {
      return std::string_view::npos;
    }
    auto end = static_cast<size_t>(static_cast<const char*>(quote) - text.data());
    size_t slashes = 0;
    while (end - slashes > at && text[end - slashes - 1] == '\\') {
      slashes++;
    }
    if (slashes % 2 == 0) {
      return end;
    }
    at = end + 1;
  }
  return std::string_view::npos;
}
}  // namespace

HttpForm form_of(std::string_view type) {
  if (type.empty() || equal_in_any_case(type.substr(0, 5), "text/")) {
    return HttpForm::Lines;
  }
  if (equal_in_any_case(type, "application/json")) {
    return HttpForm::Json;
  }
  for (const char* name : {"x-ndjson", "ndjson", "jsonl", "x-jsonlines", "json-lines", "stream+json", "json-seq"}) {
    if (type.size() > 12 && equal_in_any_case(type.substr(0, 12), "application/") &&
        equal_in_any_case(type.substr(12), name)) {
      return HttpForm::Ndjson;
    }
  }
  return HttpForm::Auto;
}

HttpRecords::Step HttpRecords::next(std::string_view& record) {
  if (is_over_) {
    return *fault_ == 0 ? Step::End : Step::Wrong;
  }
  return form_ == HttpForm::Json ? next_object(record) : next_line(record);
}

HttpRecords::Step HttpRecords::next_line(std::string_view& record) {
  while (!rest_.empty()) {
    size_t end = rest_.find('\n');
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (form_ == HttpForm::Lines) {
      record = !line.empty() && line.back() == '\r' ? line.substr(0, line.size() - 1) : line;
      number_++;
      return Step::Record;
    }
    record = without_blanks(line);
    if (record.empty()) {
      continue;
    }
    if (record.front() != '{' || record.back() != '}' || record.size() < 2) {
      return wrong("the line is no JSON object");
    }
    number_++;
    return Step::Record;
  }
  is_over_ = true;
  return Step::End;
}

HttpRecords::Step HttpRecords::wrong(const char* why) {
  is_over_ = true;
  fault_ = why;
  number_++;
  return Step::Wrong;
}

// The bracket that ends the array stands here.
HttpRecords::Step HttpRecords::end_array() {
  if (rest_.size() > 1) {
    return wrong("it stands behind the end of the array");
  }
  is_over_ = true;
  return Step::End;
}

// Comes to the begin of the next object. Record: it stands there.
HttpRecords::Step HttpRecords::open() {
  rest_ = without_blanks(rest_);
  bool is_first = !has_begun_;
  has_begun_ = true;
  if (is_first && !rest_.empty() && rest_.front() == '[') {
    is_array_ = true;
    rest_ = without_blanks(rest_.substr(1));
    if (!rest_.empty() && rest_.front() == ']') {
      return end_array();
    }
  } else if (!is_first && is_array_) {
    if (!rest_.empty() && rest_.front() == ']') {
      return end_array();
    }
    if (!rest_.empty() && rest_.front() != ',') {
      return wrong("there is no comma before it");
    }
    rest_ = without_blanks(rest_.substr(rest_.empty() ? 0 : 1));
  } else if (rest_.empty()) {
    is_over_ = true;
    return Step::End;
  }
  if (rest_.empty()) {
    return wrong("it is not there, and the array does not end");
  }
  return rest_.front() == '{' ? Step::Record : wrong("it is no JSON object");
}

HttpRecords::Step HttpRecords::next_object(std::string_view& record) {
  Step step = open();
  if (step != Step::Record) {
    return step;
  }
  size_t size = object_size();
  if (size == 0) {
    return wrong("its brackets or quotes do not end, or it is deeper than 64 levels");
  }
  record = rest_.substr(0, size);
  rest_.remove_prefix(size);
  number_++;
  return Step::Record;
}

// 0: the object that begins here does not end.
size_t HttpRecords::object_size() {
  uint64_t are_maps = 0;  // by level, the deepest in the lowest bit
  size_t levels = 0;
  for (size_t at = 0; at < rest_.size(); at++) {
    switch (rest_[at]) {
      case '"':
        at = string_end(rest_, at + 1);
        if (at == std::string_view::npos) {
          return 0;
        }
        break;
      case '{':
      case '[':
        if (levels++ == levels_most) {
          return 0;
        }
        are_maps = are_maps << 1 | (rest_[at] == '{' ? 1 : 0);
        break;
      case '}':
      case ']':
        if ((are_maps & 1) != (rest_[at] == '}' ? 1U : 0U)) {
          return 0;
        }
        are_maps >>= 1;
        if (--levels == 0) {
          return at + 1;
        }
        break;
      default:
        break;
    }
  }
  return 0;
}

}  // namespace stook
