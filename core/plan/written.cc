// SPDX-License-Identifier: Apache-2.0
#include "core/plan/written.hh"

#include "core/plan/describe_table.hh"
#include "core/plan/draft.hh"

namespace stook {

std::vector<WrittenInstance> written(const Draft& draft) {
  std::vector<WrittenInstance> all;
  for (const InstanceDraft& one : draft.instances) {
    WrittenInstance instance{one.instance->id, one.instance->plugin->name, show_place(one.instance->place), {}};
    for (const Given& option : one.given) {
      instance.options.push_back(
          {option.name, is_secret(option.name) ? "***" : mask_secrets(option.value), show_place(option.place)});
    }
    all.push_back(std::move(instance));
  }
  return all;
}

std::string written_json(const std::vector<WrittenInstance>& instances) {
  std::string text = "{\"instances\":[";
  for (const WrittenInstance& one : instances) {
    text += text.back() == '[' ? "" : ",";
    text += "{\"id\":" + json_text(one.id) + ",\"plugin\":" + json_text(one.plugin) +
            ",\"where\":" + json_text(one.where) + ",\"options\":[";
    for (const WrittenOption& option : one.options) {
      text += text.back() == '[' ? "" : ",";
      text += "{\"name\":" + json_text(option.name) + ",\"value\":" + json_text(option.value) +
              ",\"where\":" + json_text(option.where) + "}";
    }
    text += "]}";
  }
  return text + "]}";
}

}  // namespace stook
