// SPDX-License-Identifier: Apache-2.0
/// Templates of NetFlow 9 (RFC 3954) and IPFIX (RFC 7011): which fields a record has, and how a template is written.
/// NetFlow 5 and 7 have one fixed template each. Pure: it looks at bytes and keeps none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/flow_elements.hh"
#include "core/data/type.hh"

namespace stook {

/// The number at the head of a message.
enum class FlowVersion : uint8_t { Sflow = 0, V5 = 5, V7 = 7, V9 = 9, Ipfix = 10 };

/// How a field's bytes become a cell.
enum class FlowDecode : uint8_t {
  Skip,
  Unsigned,
  Signed,
  Real,
  Boolean,
  Mac,
  Text,
  Bytes,
  Seconds,
  Milliseconds,
  Ntp,
  Uptime,
  Delta,
  Address
};

/// One field of a template.
struct FlowField {
  static constexpr uint16_t variable = 0xffff;
  /// PEN of scope fields of NetFlow 9, which have numbers of their own (RFC 3954, section 6.1).
  static constexpr uint32_t scope_pen = 0xffffffff;

  uint32_t pen = 0;
  uint16_t id = 0;
  uint16_t length = 0;
  FlowDecode decode = FlowDecode::Skip;
  /// Null: in no registry.
  const FlowElement* element = nullptr;
  /// Where its values go; what `FlowRows` knows while the dictionary's stamp is the template's.
  KeyId key = no_key;
  /// Of times: the keys of whole seconds and of microseconds.
  KeyId seconds = no_key;
  KeyId microseconds = no_key;
  bool is_time = false;
  /// There was no key left for it.
  bool is_lost = false;
};

/// How the fields of a template are written, as it came.
struct TemplateSpec {
  uint16_t id = 0;
  uint16_t fields = 0;
  uint16_t scopes = 0;
  bool is_options = false;
  bool is_withdrawal = false;
  std::string_view bytes;
};

/// What a record looks like.
struct FlowTemplate {
  static constexpr size_t most_fields = 512;

  uint16_t id = 0;
  FlowVersion version = FlowVersion::V9;
  bool is_options = false;
  bool is_variable = false;
  uint16_t scopes = 0;
  /// Bytes of a record; with fields of variable length the fewest.
  size_t size = 0;
  std::vector<FlowField> fields;
  /// As it came, to see whether it has changed.
  std::string spec;
  /// When it was used last, ns of the monotonic clock.
  int64_t used = 0;
  /// Of the dictionary for which the fields' keys hold; 0: none.
  uint64_t stamp = 0;
};

/// Walks the templates in a template set.
class TemplateCutter {
 public:
  TemplateCutter(FlowVersion version, bool is_options, std::string_view set)
      : is_ipfix_(version == FlowVersion::Ipfix), is_options_(is_options), rest_(set) {}
  /// The next one; nothing at the end, and when the rest is none.
  std::optional<TemplateSpec> next();
  /// The set ended within a template.
  bool is_cut() const { return is_cut_; }

 private:
  std::optional<size_t> fields_size(size_t at, size_t fields) const;

  bool is_ipfix_;
  bool is_options_;
  bool is_cut_ = false;
  std::string_view rest_;
};

/// The template that is written so; nothing when it has too many fields, or records of no bytes, or a number below 256.
std::optional<FlowTemplate> make_flow_template(FlowVersion version, const TemplateSpec& spec);
/// How many fields these bytes are, as a template has them; nothing when they end within one.
std::optional<uint16_t> count_template_fields(FlowVersion version, std::string_view bytes);
/// That of NetFlow 5 or 7.
FlowTemplate fixed_flow_template(FlowVersion version);
/// Bytes of the record that begins here, 0 when the bytes end within it.
size_t record_size(const FlowTemplate& form, std::string_view bytes);
/// The length of a field of variable length and where its bytes begin (RFC 7011, section 7). REQUIRES: record_size was not 0.
std::string_view variable_field(const char* at);

}  // namespace stook
