// SPDX-License-Identifier: Apache-2.0
/// Answers of the bulk interface of Elasticsearch and OpenSearch.
#pragma once

#include <string>
#include <vector>

namespace stook {

/// What became of one action.
struct BulkItem {
  int status = 0;
  bool is_create = false;
  /// `type: reason`, empty where there is none.
  std::string error;
};

/// Reads `{"errors":…,"items":[{"create":{"status":201}},…]}`; one item for each action, in their order. With `errors` false
/// and no items, all actions were done, and there are no items. False: it is no such answer, and `why` says what is missing.
[[nodiscard]] bool read_bulk_answer(const std::string& text, std::vector<BulkItem>& items, std::string& why);

}  // namespace stook
