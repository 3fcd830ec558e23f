// SPDX-License-Identifier: Apache-2.0
/// The records in a body: lines of text, lines of JSON, or the elements of a JSON array. Pure.
///
/// This cuts and does not parse: of an object it sees brackets and strings, so that it knows where the object ends.
/// Whether the rest of it is JSON is found by parse_json, on a worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace stook {

/// How records stand in a body. Auto: the content type says it.
enum class HttpForm : uint8_t { Auto, Ndjson, Json, Lines };

/// What a content type means: application/json is Json, application/x-ndjson, application/jsonl, application/json-lines and
/// application/stream+json are Ndjson, text of any kind and no type at all are Lines. Auto: none of these.
HttpForm form_of(std::string_view content_type);

/// Cuts a body. Lines: as they are, without LF and a CR before it. Ndjson: the same, and each has to begin with `{` and to
/// end with `}`; blank lines are none. Json: the objects in one array, or objects one after the other.
class HttpRecords {
 public:
  enum class Step : uint8_t { Record, End, Wrong };

  HttpRecords() = default;
  HttpRecords(HttpForm form, std::string_view text) : form_(form), rest_(text) {}

  Step next(std::string_view& record);
  /// Records so far; after Wrong the number of the wrong one, counted from 1.
  size_t number() const { return number_; }
  /// After Wrong: what is wrong with it.
  const char* fault() const { return fault_; }

 private:
  static constexpr size_t levels_most = 64;

  Step next_line(std::string_view& record);
  Step next_object(std::string_view& record);
  Step open();
  Step end_array();
  Step wrong(const char* why);
  size_t object_size();

  HttpForm form_ = HttpForm::Lines;
  std::string_view rest_;
  size_t number_ = 0;
  bool has_begun_ = false;
  bool is_array_ = false;
  bool is_over_ = false;
  const char* fault_ = "";
};

}  // namespace stook
