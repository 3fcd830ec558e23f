// SPDX-License-Identifier: Apache-2.0
#include "core/plan/instance_text.hh"

#include <algorithm>
#include <vector>

namespace stook {

namespace {
// Each piece with its length before it, so that no two configurations have one text.
void add_piece(std::string& text, std::string_view name, std::string_view value) {
  text += std::to_string(name.size()) + ":" + std::string(name) + std::to_string(value.size()) + ":" +
          std::string(value) + "\n";
}
}  // namespace

std::string text_of(const Draft& draft, const InstanceDraft& one) {
  std::vector<const Given*> given;
  for (const Given& option : one.given) {
    given.push_back(&option);
  }
  std::stable_sort(given.begin(), given.end(), [](const Given* a, const Given* b) { return a->name < b->name; });
  std::string text;
  add_piece(text, "plugin", one.instance->plugin->name);
  for (const Given* option : given) {
    add_piece(text, option->name, option->meant);
  }
  auto add_ids = [&](std::string_view name, const std::vector<ElementDraft>& elements) {
    for (const ElementDraft& element : elements) {
      add_piece(text, name, element.instance == no_instance ? "" : draft.instances[element.instance].instance->id);
    }
  };
  add_ids("failed rows", one.on_error);
  add_ids("refused rows", one.on_refused);
  bool is_source = one.instance->plugin->kind == Kind::Source;
  add_piece(text, "letters", is_source ? "" : draft.settings.letters);
  add_piece(text, "state_dir", one.instance->keeps_positions ? draft.settings.state_dir : "");
  add_piece(text, "codec content", one.instance->codec_wiring.content);
  return text;
}

bool place_state(const Settings& settings, const InstanceDraft& one) {
  for (const Option& row : one.instance->plugin->options) {
    if (std::string_view(row.name) != "state_file") {
      continue;
    }
    const Given* given = one.find(row.name);
    if (given == nullptr && !settings.state_dir.empty()) {
      std::string why;
      row.assign(one.instance->config.get(), settings.state_dir + "/" + one.instance->id + ".pos", row, why);
      return true;
    }
    return given != nullptr && !given->meant.empty();
  }
  return false;
}

}  // namespace stook
