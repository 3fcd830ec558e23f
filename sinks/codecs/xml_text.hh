// SPDX-License-Identifier: Apache-2.0
/// Text, bytes and numbers as XML holds them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/data/payload.hh"

namespace stook {

/// Text with what has a meaning in XML escaped; what is no UTF-8, and what XML cannot hold at all, is U+FFFD.
void put_xml_text(Payload& out, std::string_view text);
void put_hex(Payload& out, std::string_view bytes);
/// `<name>number</name>`. `digits`: with zeros in front up to so many.
void put_element(Payload& out, std::string_view name, uint64_t number, size_t digits = 1);

}  // namespace stook
