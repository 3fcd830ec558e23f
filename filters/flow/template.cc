// SPDX-License-Identifier: Apache-2.0
#include "filters/flow/template.hh"

#include <algorithm>

#include "core/data/endian.hh"

namespace stook {

namespace {

constexpr uint16_t least_template = 256;
constexpr uint16_t enterprise_bit = 0x8000;
constexpr uint16_t padding_octets = 210;

struct FixedField {
  uint16_t id;
  uint16_t length;
};
/// NetFlow 5, 48 bytes: addresses, interfaces, counts, times, ports, padding, flags, protocol, ToS, AS numbers, masks, padding.
constexpr FixedField fixed_fields[] = {{8, 4},  {12, 4}, {15, 4}, {10, 2},
                                       {14, 2}, {2, 4},  {1, 4},  {22, 4},
                                       {21, 4}, {7, 2},  {11, 2}, {padding_octets, 1},
                                       {6, 1},  {4, 1},  {5, 1},  {16, 2},
                                       {17, 2}, {9, 1},  {13, 1}, {padding_octets, 2}};
/// NetFlow 7 has this behind them: the router that the switch has left out.
constexpr FixedField bypassed_router = {43, 4};

bool is_uptime(uint16_t id) {
  return id == 21 || id == 22;
}

bool is_delta(uint16_t id) {
  return id == 158 || id == 159;
}

bool fits(const FlowElement& element, uint16_t length) {
  switch (element.type) {
    case FlowType::Unsigned:
    case FlowType::Signed:
      return length >= 1 && length <= 8;
    case FlowType::Float:
      return length == 4 || length == 8;
    case FlowType::Octets:
    case FlowType::Text:
    case FlowType::List:
      return true;
    default:
      return length == element.size;
  }
}

FlowDecode decode_of(const FlowElement& element) {
  if (element.pen == 0 && is_uptime(element.id)) {
    return FlowDecode::Uptime;
  }
  if (element.pen == 0 && is_delta(element.id)) {
    return FlowDecode::Delta;
  }
  switch (element.type) {
    case FlowType::Unsigned:
      return FlowDecode::Unsigned;
    case FlowType::Signed:
      return FlowDecode::Signed;
    case FlowType::Float:
      return FlowDecode::Real;
    case FlowType::Boolean:
      return FlowDecode::Boolean;
    case FlowType::Mac:
      return FlowDecode::Mac;
    case FlowType::Text:
      return FlowDecode::Text;
    case FlowType::Seconds:
      return FlowDecode::Seconds;
    case FlowType::Milliseconds:
      return FlowDecode::Milliseconds;
    case FlowType::Microseconds:
    case FlowType::Nanoseconds:
      return FlowDecode::Ntp;
    case FlowType::Ipv4:
    case FlowType::Ipv6:
      return FlowDecode::Address;
    default:
      return FlowDecode::Bytes;
  }
}

void recognise(FlowField& field) {
  field.decode = FlowDecode::Bytes;
  if (field.pen == FlowField::scope_pen) {
    field.decode = field.length >= 1 && field.length <= 8 ? FlowDecode::Unsigned : FlowDecode::Bytes;
    return;
  }
  field.element = find_flow_element(field.pen, field.id);
  if (field.element != nullptr && !fits(*field.element, field.length)) {
    field.element = nullptr;
  }
  if (field.element != nullptr) {
    bool is_padding = field.id == padding_octets;
    field.decode = is_padding || field.length == 0 ? FlowDecode::Skip : decode_of(*field.element);
    field.is_time = field.element->has_key && (field.element->key == "flow.start" || field.element->key == "flow.end");
  }
}

/// Of several fields that say the same time the one that says it best counts.
int rank(const FlowField& field) {
  switch (field.decode) {
    case FlowDecode::Ntp:
      return 5;
    case FlowDecode::Milliseconds:
      return 4;
    case FlowDecode::Uptime:
      return 3;
    case FlowDecode::Delta:
      return 2;
    default:
      return 1;
  }
}

void choose_times(FlowTemplate& form) {
  int best[2] = {0, 0};  // of the start and of the end
  auto which = [](const FlowField& field) { return field.element->key == "flow.end" ? 1 : 0; };
  for (const FlowField& field : form.fields) {
    if (field.is_time) {
      best[which(field)] = std::max(best[which(field)], rank(field));
    }
  }
  for (FlowField& field : form.fields) {
    if (field.is_time && rank(field) < best[which(field)]) {
      field.decode = FlowDecode::Skip;
      field.is_time = false;
    }
  }
}

void measure(FlowTemplate& form) {
  for (const FlowField& field : form.fields) {
    bool is_variable = field.length == FlowField::variable && form.version == FlowVersion::Ipfix;
    form.is_variable = form.is_variable || is_variable;
    form.size += is_variable ? 1 : field.length;
  }
}

}  // namespace

std::optional<size_t> TemplateCutter::fields_size(size_t at, size_t fields) const {
  size_t begin = at;
  for (size_t i = 0; i < fields; i++) {
    if (rest_.size() - at < 4) {
      return std::nullopt;
    }
    bool has_pen = is_ipfix_ && (big<uint16_t>(rest_.data() + at) & enterprise_bit) != 0;
    size_t size = has_pen ? 8 : 4;
    if (rest_.size() - at < size) {
      return std::nullopt;
    }
    at += size;
  }
  return at - begin;
}

std::optional<TemplateSpec> TemplateCutter::next() {
  size_t head = is_options_ ? 6 : 4;
  if (rest_.size() < 4 || big<uint16_t>(rest_.data()) == 0) {
    return std::nullopt;  // padding
  }
  TemplateSpec spec{.id = big<uint16_t>(rest_.data()), .fields = big<uint16_t>(rest_.data() + 2)};
  spec.is_options = is_options_;
  if (is_ipfix_ && spec.fields == 0) {
    spec.is_withdrawal = true;
    rest_.remove_prefix(4);
    return spec;
  }
  if (rest_.size() < head) {
    is_cut_ = true;
    return std::nullopt;
  }
  if (is_options_) {
    uint16_t second = big<uint16_t>(rest_.data() + 4);
    spec.scopes = is_ipfix_ ? second : spec.fields / 4;
    spec.fields = is_ipfix_ ? spec.fields : static_cast<uint16_t>(spec.fields / 4 + second / 4);
  }
  std::optional<size_t> size = fields_size(head, spec.fields);
  if (!size) {
    is_cut_ = true;
    return std::nullopt;
  }
  spec.bytes = rest_.substr(head, *size);
  rest_.remove_prefix(head + *size);
  return spec;
}

std::optional<FlowTemplate> make_flow_template(FlowVersion version, const TemplateSpec& spec) {
  if (spec.id < least_template || spec.fields > FlowTemplate::most_fields || spec.scopes > spec.fields) {
    return std::nullopt;
  }
  FlowTemplate form;
  form.id = spec.id;
  form.version = version;
  form.is_options = spec.is_options;
  form.scopes = spec.scopes;
  form.spec = spec.bytes;
  form.fields.resize(spec.fields);
  const char* at = spec.bytes.data();
  for (size_t i = 0; i < spec.fields; i++, at += 4) {
    FlowField& field = form.fields[i];
    field.id = big<uint16_t>(at);
    field.length = big<uint16_t>(at + 2);
    if (version == FlowVersion::Ipfix && (field.id & enterprise_bit) != 0) {
      field.id &= static_cast<uint16_t>(~enterprise_bit);
      field.pen = big<uint32_t>(at + 4);
      at += 4;
    } else if (version == FlowVersion::V9 && i < spec.scopes) {
      field.pen = FlowField::scope_pen;
    }
    if (version == FlowVersion::Ipfix && field.length == FlowField::variable) {
      field.element = find_flow_element(field.pen, field.id);
      bool is_text = field.element != nullptr && field.element->type == FlowType::Text;
      bool is_bytes = field.element != nullptr && cell_type(field.element->type) == Type::Bytes;
      field.decode = is_text ? FlowDecode::Text : FlowDecode::Bytes;
      field.element = is_text || is_bytes ? field.element : nullptr;
    } else {
      recognise(field);
    }
  }
  choose_times(form);
  measure(form);
  return form.size == 0 ? std::nullopt : std::optional(std::move(form));
}

std::optional<uint16_t> count_template_fields(FlowVersion version, std::string_view bytes) {
  uint16_t count = 0;
  while (!bytes.empty()) {
    bool has_pen =
        version == FlowVersion::Ipfix && bytes.size() >= 2 && (big<uint16_t>(bytes.data()) & enterprise_bit) != 0;
    size_t size = has_pen ? 8 : 4;
    if (bytes.size() < size || count == FlowTemplate::most_fields) {
      return std::nullopt;
    }
    bytes.remove_prefix(size);
    count++;
  }
  return count;
}

FlowTemplate fixed_flow_template(FlowVersion version) {
  FlowTemplate form;
  form.version = version;
  auto add = [&form](const FixedField& fixed) {
    FlowField field;
    field.id = fixed.id;
    field.length = fixed.length;
    recognise(field);
    form.fields.push_back(field);
  };
  for (const FixedField& fixed : fixed_fields) {
    add(fixed);
  }
  if (version == FlowVersion::V7) {
    add(bypassed_router);
  }
  measure(form);
  return form;
}

std::string_view variable_field(const char* at) {
  auto size = static_cast<uint8_t>(*at);
  return size < 255 ? std::string_view(at + 1, size) : std::string_view(at + 3, big<uint16_t>(at + 1));
}

size_t record_size(const FlowTemplate& form, std::string_view bytes) {
  if (!form.is_variable) {
    return bytes.size() < form.size ? 0 : form.size;
  }
  size_t at = 0;
  for (const FlowField& field : form.fields) {
    size_t size = field.length;
    if (field.length == FlowField::variable) {
      if (at == bytes.size()) {
        return 0;
      }
      auto small = static_cast<uint8_t>(bytes[at]);
      if (small == 255 && bytes.size() - at < 3) {
        return 0;
      }
      size = small < 255 ? size_t{1} + small : size_t{3} + big<uint16_t>(bytes.data() + at + 1);
    }
    if (bytes.size() - at < size) {
      return 0;
    }
    at += size;
  }
  return at;
}

}  // namespace stook
