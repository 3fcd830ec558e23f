// SPDX-License-Identifier: Apache-2.0
#include "sinks/net/flow_packer.hh"

#include <algorithm>

#include "core/data/endian.hh"

namespace stook {

namespace {

constexpr size_t ipfix_head = 16;
constexpr size_t v9_head = 20;
constexpr size_t set_head = 4;
constexpr size_t template_head = 4;
constexpr uint16_t ipfix_first_template = 1024;
constexpr uint16_t v9_first_template = 256;
constexpr int64_t second = 1'000'000'000;

template <class U>
void append_big(std::string& to, U value) {
  char bytes[sizeof(U)];
  put_big(bytes, value);
  to.append(bytes, sizeof bytes);
}

/// Sets of NetFlow 9 end at multiples of 4 bytes. Those of IPFIX may end anywhere, and what is shorter than 4 bytes cannot be
/// taken for padding there.
size_t padded(size_t size, bool is_ipfix) {
  return is_ipfix ? size : (size + 3) / 4 * 4;
}

/// Fields have 4 bytes, and 4 more with a PEN.
uint32_t count_fields(std::string_view fields) {
  uint32_t count = 0;
  for (size_t at = 0; at < fields.size(); count++) {
    at += (static_cast<unsigned char>(fields[at]) & 0x80) != 0 ? 8 : 4;
  }
  return count;
}

}  // namespace

bool next_piece(std::string_view& bytes, FlowPiece& piece) {
  constexpr size_t head = 4;
  if (bytes.size() < head) {
    return false;
  }
  size_t fields = big<uint16_t>(bytes.data());
  size_t values = big<uint16_t>(bytes.data() + 2);
  if (fields < 4 || fields % 4 != 0 || bytes.size() - head < fields + values) {
    return false;
  }
  piece = {bytes.substr(head, fields), bytes.substr(head + fields, values)};
  bytes.remove_prefix(head + fields + values);
  return true;
}

FlowPacker::FlowPacker(const FlowPacking& packing) : packing_(packing) {}

FlowPacker::Form& FlowPacker::form_of(std::string_view fields) {
  if (last_form_ != nullptr && last_fields_ == fields) {
    return *last_form_;
  }
  last_fields_.assign(fields);
  auto found = forms_.find(last_fields_);
  if (found == forms_.end()) {
    if (forms_.size() >= most_templates && records_ == 0) {
      forms_.clear();
    }
    uint16_t first = packing_.is_ipfix ? ipfix_first_template : v9_first_template;
    Form form{.id = static_cast<uint16_t>(first + forms_.size()), .fields = count_fields(fields)};
    found = forms_.emplace(last_fields_, form).first;
  }
  last_form_ = &found->second;
  return *last_form_;
}

bool FlowPacker::is_due(const Form& form, int64_t now) const {
  if (form.is_in_use || packing_.send_template == SendTemplate::Never) {
    return false;
  }
  if (!form.is_known || packing_.send_template == SendTemplate::Always) {
    return true;
  }
  bool is_nth = packing_.nth > 0 && messages_ - form.sent_with >= packing_.nth;
  return is_nth || (packing_.period > 0 && now - form.sent_at >= packing_.period);
}

FlowPacker::OpenSet* FlowPacker::set_of(const Form& form) {
  for (size_t i = 0; i < open_; i++) {
    if (sets_[i].id == form.id) {
      return &sets_[i];
    }
  }
  return nullptr;
}

// With as much padding as there may be.
bool FlowPacker::has_room(const FlowPiece& piece, bool is_due, bool is_new_set) const {
  size_t sets = open_ + (is_new_set ? 1 : 0);
  bool has_templates = is_due || !templates_.empty();
  size_t templates = has_templates ? std::max(templates_.size(), set_head) : 0;
  size_t size = (packing_.is_ipfix ? ipfix_head : v9_head) + templates + data_size_ + piece.values.size() +
                (is_new_set ? set_head : 0) + (is_due ? template_head + piece.fields.size() : 0) +
                (packing_.is_ipfix ? 0 : 3 * sets);
  return size <= packing_.mtu && sets + (has_templates ? 1 : 0) <= packing_.sets;
}

bool FlowPacker::add(const FlowPiece& piece, int64_t now) {
  if (forms_.size() >= most_templates && records_ > 0 && forms_.find(std::string(piece.fields)) == forms_.end()) {
    return false;
  }
  Form& form = form_of(piece.fields);
  bool is_due_now = is_due(form, now);
  OpenSet* set = set_of(form);
  if (records_ > 0 && !has_room(piece, is_due_now, set == nullptr)) {
    return false;
  }
  if (is_due_now) {
    if (templates_.empty()) {
      templates_.assign(set_head, '\0');
    }
    append_big(templates_, form.id);
    append_big(templates_, static_cast<uint16_t>(form.fields));
    templates_.append(piece.fields);
    form.is_in_use = true;
    new_templates_++;
    used_.push_back(&form);
  }
  if (set == nullptr) {
    if (open_ == sets_.size()) {
      sets_.emplace_back();
    }
    set = &sets_[open_++];
    set->id = form.id;
    set->records.clear();
    data_size_ += set_head;
  }
  set->records.append(piece.values);
  data_size_ += piece.values.size();
  records_++;
  return true;
}

std::string FlowPacker::take(int64_t wall, int64_t boot, int64_t now) {
  if (!templates_.empty()) {
    put_big(templates_.data(), static_cast<uint16_t>(packing_.is_ipfix ? 2 : 0));
    put_big(templates_.data() + 2, static_cast<uint16_t>(templates_.size()));
  }
  std::string data;
  for (size_t i = 0; i < open_; i++) {
    size_t size = padded(set_head + sets_[i].records.size(), packing_.is_ipfix);
    size_t end = data.size() + size;
    append_big(data, sets_[i].id);
    append_big(data, static_cast<uint16_t>(size));
    data.append(sets_[i].records);
    data.resize(end);
  }
  int64_t seconds = wall / second;
  std::string message;
  append_big(message, static_cast<uint16_t>(packing_.is_ipfix ? 10 : 9));
  if (packing_.is_ipfix) {
    append_big(message, static_cast<uint16_t>(ipfix_head + templates_.size() + data.size()));
    append_big(message, static_cast<uint32_t>(seconds));
  } else {
    append_big(message, static_cast<uint16_t>(records_ + new_templates_));
    append_big(message, static_cast<uint32_t>(seconds * 1000 - boot));
    append_big(message, static_cast<uint32_t>(seconds));
  }
  append_big(message, sequence_);
  append_big(message, packing_.domain);
  message.append(templates_).append(data);
  sequence_ += packing_.is_ipfix ? records_ : 1;
  for (Form* form : used_) {
    form->is_known = true;
    form->is_in_use = false;
    form->sent_with = messages_;
    form->sent_at = now;
  }
  messages_++;
  begin();
  return message;
}

void FlowPacker::begin() {
  templates_.clear();
  open_ = 0;
  data_size_ = 0;
  used_.clear();
  records_ = 0;
  new_templates_ = 0;
}

void FlowPacker::restart() {
  for (auto& [fields, form] : forms_) {
    form.is_known = form.is_in_use = false;
  }
  if (packing_.is_ipfix) {
    sequence_ = 0;
  }
  begin();
}

void FlowPacker::take_back(uint32_t messages, uint32_t records) {
  for (auto& [fields, form] : forms_) {
    form.is_known = form.is_in_use = false;
  }
  sequence_ -= packing_.is_ipfix ? records : messages;
  begin();
}

}  // namespace stook
