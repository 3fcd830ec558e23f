// SPDX-License-Identifier: Apache-2.0
#include "core/plan/edges.hh"

namespace stook {

namespace {
void declare_refused(void*, std::string_view, Wiring& wiring) {
  const Key keys[] = {
      {"message", Type::Text, "", "the row as it was encoded, without a newline at its end", false},
      {"refused.reason", Type::Text, "", "why the sink did not take it", false},
      {"refused.sink", Type::Text, "", "the id of that sink", false},
      {"refused.attempts", Type::Unsigned, "", "how often it was asked", false},
      {"refused.time", Type::Time, "", "when it was refused", false},
      {"refused.rows", Type::Unsigned, "", "rows in this one, where the format does not tell them apart", false},
      {"refused.address", Type::Text, "", "where the row was to go, of a sink with many targets", false},
  };
  wiring.writes.assign(std::begin(keys), std::end(keys));
}

// Not in the table of plugins: nobody writes it into a stack.
constexpr Plugin refused_source = {.kind = Kind::Source,
                                   .name = "refused",
                                   .doc = "Rows that a sink will never take",
                                   .options = {},
                                   .declare = declare_refused};

// Whether rows that go to these elements may come to that sink.
bool lead_to(const Draft& draft, const std::vector<ElementDraft>& elements, size_t sink, std::vector<bool>& seen) {
  for (const ElementDraft& element : elements) {
    if (element.instance == no_instance) {
      continue;
    }
    if (element.instance == sink) {
      return true;
    }
    if (seen[element.instance]) {
      continue;
    }
    seen[element.instance] = true;
    const InstanceDraft& one = draft.instances[element.instance];
    if (lead_to(draft, one.on_error, sink, seen) || lead_to(draft, one.on_refused, sink, seen)) {
      return true;
    }
  }
  return false;
}
}  // namespace

void add_refusals(Draft& draft, Binder& binder, size_t sink, const Given& given, StackDraft stack) {
  std::string id = draft.instances[sink].instance->id;
  draft.instances[sink].on_refused = stack.elements;
  if (stack.is_broken) {
    return;
  }
  size_t source = binder.add(id + ".refused", refused_source, given.place, "[" + id + "] on_refused: ");
  if (source == no_instance) {
    draft.instances[sink].is_broken = true;
    return;
  }
  draft.instances[source].instance->refusals_of = id;
  draft.instances[sink].instance->hands_on_refused = true;
  stack.elements.insert(stack.elements.begin(), {source, given.place});
  draft.stacks.push_back(std::move(stack));
}

void join_refusals(Draft& draft) {
  for (size_t i = 0; i < draft.instances.size(); i++) {
    InstanceDraft& sink = draft.instances[i];
    if (sink.on_refused.empty()) {
      continue;
    }
    const std::string& id = sink.instance->id;
    std::vector<bool> seen(draft.instances.size(), false);
    if (lead_to(draft, sink.on_refused, i, seen)) {
      draft.refuse(sink.find("on_refused")->value_place, "[" + id + "] on_refused: leads back to '" + id + "'",
                   "refused rows go to a sink that sends its own elsewhere");
      sink.is_broken = true;
    }
    for (InstanceDraft& one : draft.instances) {
      if (one.instance->refusals_of == id) {
        one.is_broken = one.is_broken || sink.is_broken;
        one.instance->text += "refused by\n" + sink.instance->text;
      }
    }
  }
}

}  // namespace stook
