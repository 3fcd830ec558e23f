// SPDX-License-Identifier: Apache-2.0
#include "core/plan/groups.hh"

#include <algorithm>
#include <string_view>

#include "core/base/text.hh"
#include "core/plan/options.hh"
#include "core/plan/registry.hh"

namespace stook {

namespace {
bool is_group(const InstanceDraft& one) {
  return one.instance->plugin->is_group;
}
std::string label_of(const InstanceDraft& one) {
  return "[" + one.instance->id + "] ";
}

// Why it may not be a member of that group; empty when it may.
std::string objection(const Draft& draft, const InstanceDraft& member) {
  if (is_group(member)) {
    return "is a group itself";
  }
  if (member.group != no_instance) {
    return "is a member of '" + draft.instances[member.group].instance->id + "' already";
  }
  for (const StackDraft& stack : draft.stacks) {
    for (const ElementDraft& element : stack.elements) {
      if (element.instance != no_instance && &draft.instances[element.instance] == &member) {
        return "is the sink of a stack, at " + show_place(element.place);
      }
    }
  }
  for (const InstanceDraft& other : draft.instances) {
    for (const ElementDraft& element : other.on_error) {
      if (element.instance != no_instance && &draft.instances[element.instance] == &member) {
        return "takes the failed rows of '" + other.instance->id + "'";
      }
    }
  }
  return {};
}

// What is said of a group's rows is said of the group: its members are no sinks of their own.
void refuse_common_options(Draft& draft, InstanceDraft& member, const std::string& group) {
  for (const Option& row : common_options(Kind::Sink)) {
    const Given* given = std::string_view(row.name) == "format" ? nullptr : member.find(row.name);
    if (given != nullptr) {
      draft.refuse(given->place,
                   label_of(member) + row.name + ": '" + member.instance->id + "' is a member of group '" + group +
                       "', which alone has this option",
                   "it may stand in [" + group + "]");
      member.is_broken = true;
    }
  }
}

void join(Draft& draft, size_t at) {
  InstanceDraft& group = draft.instances[at];
  std::string label = label_of(group);
  for (const ElementDraft& element : group.members) {
    if (element.instance == no_instance) {
      continue;
    }
    InstanceDraft& member = draft.instances[element.instance];
    std::string why = objection(draft, member);
    if (!why.empty()) {
      draft.refuse(element.place, label + "members: '" + member.instance->id + "' " + why,
                   "a member is a sink, and stands in one group and in no stack");
      group.is_broken = true;
      continue;
    }
    member.group = at;
    refuse_common_options(draft, member, group.instance->id);
    group.is_broken = group.is_broken || member.is_broken;
  }
  if (group.members.size() == 1) {
    draft.refuse(group.members[0].place, label + "members: one sink only",
                 "a group has two or more, as in " + std::string(group.instance->plugin->name) + "(a:FILE, b:FILE)");
    group.is_broken = true;
  }
  if (const Given* format = group.find("format"); format != nullptr) {
    draft.refuse(format->place, label + "format: a group has the format of its members", "it may stand in theirs");
    group.is_broken = true;
  }
}

// The value of a codec's option, as the member has it.
std::string value_of(const InstanceDraft& member, const Option& row) {
  std::string text;
  bool is_given = false;
  for (const Given& given : member.given) {
    if (given.name == row.name) {
      text += (is_given ? ", " : "") + given.meant;
      is_given = true;
    }
  }
  return is_given ? text : row.fallback == nullptr ? std::string() : row.fallback;
}

// Whether they have different formats, or the same with different options.
bool differ(const InstanceDraft& a, const InstanceDraft& b) {
  const Plugin* codec = a.instance->codec;
  if (codec != b.instance->codec) {
    return true;
  }
  std::span<const Option> options = codec == nullptr ? std::span<const Option>() : codec->options;
  return std::any_of(options.begin(), options.end(),
                     [&](const Option& row) { return value_of(a, row) != value_of(b, row); });
}

// Where the rows of a member go when that depends on the row: the group's payloads are divided by it, as its own were.
bool take_address(Draft& draft, InstanceDraft& group, const ElementDraft& element) {
  const Instance& first = *draft.instances[group.members[0].instance].instance;
  const Instance& member = *draft.instances[element.instance].instance;
  std::string label = label_of(group) + "members: the target of '" + member.id + "' depends on the row";
  if (group.find("start_by") != nullptr && !member.wiring.address.empty()) {
    draft.refuse(element.place, label + ", and start_by divides the rows already",
                 "give it one target, or leave start_by out");
    return false;
  }
  if (group.find("start_by") == nullptr && member.wiring.address != first.wiring.address) {
    draft.refuse(element.place,
                 label_of(group) + "members: the targets of '" + first.id + "' and '" + member.id +
                     "' depend on the row in different ways",
                 "give each one target, or all the same");
    return false;
  }
  return true;
}

// What the codecs of the members read, each key once.
std::vector<Read> common_reads(const Draft& draft, const InstanceDraft& group) {
  std::vector<Read> reads;
  for (const ElementDraft& element : group.members) {
    for (const Read& read : draft.instances[element.instance].instance->codec_wiring.reads) {
      auto is_same = [&](const Read& other) { return other.key == read.key; };
      auto known = std::find_if(reads.begin(), reads.end(), is_same);
      if (known == reads.end()) {
        reads.push_back(read);
        continue;
      }
      known->is_optional = known->is_optional && read.is_optional;
      known->type = known->type == read.type ? read.type : Type::Mixed;
    }
  }
  return reads;
}

// Those of them that somebody writes as keys about the row.
std::vector<std::string> meta_keys_of(const Draft& draft, const std::vector<Read>& reads) {
  std::vector<std::string> names;
  for (const Read& read : reads) {
    auto is_said = [&](const Key& key) { return key.is_meta && key.name == read.key; };
    bool is_meta = std::any_of(draft.instances.begin(), draft.instances.end(), [&](const InstanceDraft& one) {
      const std::vector<Key>& writes = one.instance->wiring.writes;
      return std::any_of(writes.begin(), writes.end(), is_said);
    });
    if (is_meta) {
      names.push_back(read.key);
    }
  }
  return names;
}

// Its payloads are msgpack, with all that the codecs of its members read.
void recode(Draft& draft, InstanceDraft& group) {
  Instance& instance = *group.instance;
  std::vector<Read> reads = common_reads(draft, group);
  bool reads_all = false;
  for (const ElementDraft& element : group.members) {
    reads_all = reads_all || draft.instances[element.instance].instance->codec_wiring.reads_all;
  }
  std::string names;
  for (const Read& read : reads) {
    names += (names.empty() ? "'" : ", '") + read.key + "'";
  }
  instance.is_recoded = true;
  instance.spool.is_recoded = true;
  instance.meta_keys = meta_keys_of(draft, reads);
  instance.codec = find_plugin(Kind::Codec, "msgpack");
  instance.codec_config = {instance.codec->config.make(), instance.codec->config.destroy};
  std::vector<Given> given = {{reads_all ? "also" : "keys", names, true, false, group.instance->place, {}, {}, {}}};
  OptionTable table{instance.codec->options, instance.codec_config.get()};
  if (!fill_options(draft, given, {&table, 1}, label_of(group), "codec 'msgpack'", instance.place)) {
    group.is_broken = true;
    return;
  }
  instance.codec->declare(instance.codec_config.get(), draft.folder, instance.codec_wiring);
  instance.codec_wiring.reads = reads;  // in the order of the names, and with what the members say of them
}

void fill_group(Draft& draft, InstanceDraft& group) {
  InstanceDraft& first = draft.instances[group.members[0].instance];
  Instance& instance = *group.instance;
  bool is_recoded = false;
  for (const ElementDraft& element : group.members) {
    InstanceDraft& member = draft.instances[element.instance];
    is_recoded = is_recoded || differ(first, member);
    if (!take_address(draft, group, element)) {
      group.is_broken = true;
      return;
    }
    for (const Read& read : member.instance->wiring.reads) {
      instance.wiring.reads.push_back(read);
    }
    instance.text += "member " + member.instance->id + "\n" + member.instance->text + member.instance->wiring.content;
  }
  if (instance.wiring.address.empty()) {
    instance.wiring.address = first.instance->wiring.address;
  }
  if (is_recoded) {
    recode(draft, group);
    return;
  }
  instance.codec = first.instance->codec;
  instance.codec_config = first.instance->codec_config;
  instance.codec_wiring = first.instance->codec_wiring;
}
}  // namespace

void join_members(Draft& draft) {
  for (size_t i = 0; i < draft.instances.size(); i++) {
    if (is_group(draft.instances[i])) {
      join(draft, i);
    }
  }
}

void fill_groups(Draft& draft) {
  for (InstanceDraft& one : draft.instances) {
    for (const ElementDraft& element : one.members) {
      bool is_broken = element.instance == no_instance || draft.instances[element.instance].is_broken;
      one.is_broken = one.is_broken || is_broken;
    }
    if (is_group(one) && !one.is_broken && !one.members.empty()) {
      fill_group(draft, one);
    }
  }
}

void take_members(Draft& draft) {
  for (InstanceDraft& one : draft.instances) {
    for (const ElementDraft& element : one.members) {
      one.instance->members.push_back(std::move(draft.instances[element.instance].instance));
    }
  }
}

}  // namespace stook
