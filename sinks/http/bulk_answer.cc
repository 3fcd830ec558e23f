// SPDX-License-Identifier: Apache-2.0
/// The second door to simdjson: an answer has more items than JsonReader takes keys.
#include "sinks/http/bulk_answer.hh"

#include <simdjson.h>

namespace stook {

namespace {
using simdjson::dom::element;
using simdjson::dom::object;

std::string text_of(object from, const char* name) {
  std::string_view text;
  return from[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

// The error is an object with type and reason; old versions and some proxies give a text.
std::string error_of(object result) {
  object error;
  if (result["error"].get(error) != simdjson::SUCCESS) {
    return text_of(result, "error");
  }
  std::string text = text_of(error, "type") + ": " + text_of(error, "reason");
  object cause;
  if (error["caused_by"].get(cause) == simdjson::SUCCESS) {
    text += ": " + text_of(cause, "reason");
  }
  return text;
}

// An item has one member, named after the action.
bool read_item(element from, BulkItem& item) {
  object outer;
  if (from.get(outer) != simdjson::SUCCESS || outer.size() != 1) {
    return false;
  }
  object result;
  int64_t status = 0;
  auto action = *outer.begin();
  if (action.value.get(result) != simdjson::SUCCESS || result["status"].get(status) != simdjson::SUCCESS) {
    return false;
  }
  item.status = static_cast<int>(status);
  item.is_create = action.key == "create";
  item.error = status >= 300 ? error_of(result) : std::string();
  return true;
}
}  // namespace

bool read_bulk_answer(const std::string& text, std::vector<BulkItem>& items, std::string& why) {
  items.clear();
  simdjson::dom::parser parser;
  object answer;
  bool has_errors = false;
  if (parser.parse(text).get(answer) != simdjson::SUCCESS) {
    why = "the answer is no JSON object";
    return false;
  }
  if (answer["errors"].get(has_errors) != simdjson::SUCCESS) {
    why = "the answer says nothing of errors";
    return false;
  }
  simdjson::dom::array list;
  if (answer["items"].get(list) != simdjson::SUCCESS) {
    why = "the answer has no items";
    return !has_errors;
  }
  for (element from : list) {
    if (!read_item(from, items.emplace_back())) {
      why = "item " + std::to_string(items.size()) + " of the answer has no status";
      return false;
    }
  }
  why = "the answer speaks of errors and has no items";
  return !has_errors || !items.empty();
}

}  // namespace stook
