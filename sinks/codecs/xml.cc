// SPDX-License-Identifier: Apache-2.0
/// xml: a logged packet a row, as an element `log` with the members that libnetfilter_log writes.
///
/// Text is escaped, whatever the rule's prefix holds: what is no UTF-8, and what XML cannot hold at all, is U+FFFD. `when` is when it
/// is written, in the system's zone.
///
///     <log><when><hour>1</hour>…</when><prefix>in: </prefix><hook>1</hook><hw><proto>0800</proto><src>02000000000a</src></hw>
///     <indev>2</indev><payload>4500002193b2…</payload></log>                                    (one line)
#include <charconv>
#include <string>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "core/data/utf8.hh"
#include "sinks/codecs/local_second.hh"

namespace stook {

namespace {
enum In : size_t { prefix, hook, protocol, source, mark, in_device, out_device, packet, ins };

void put_xml_text(Payload& out, std::string_view text) {
  const char* end = text.data() + text.size();
  for (const char* at = text.data(); at < end;) {
    Utf8Step step = read_utf8(at, end);
    bool is_legal = step.is_valid &&
                    (static_cast<unsigned char>(*at) >= 0x20 || *at == '\t' || *at == '\n' || *at == '\r') &&
                    step.code != 0xfffe && step.code != 0xffff;
    if (*at == '<' || *at == '&' || *at == '>') {
      out.append(*at == '<' ? "&lt;" : *at == '&' ? "&amp;" : "&gt;");
    } else if (*at == '\n' || *at == '\r') {
      out.append(*at == '\n' ? "&#10;" : "&#13;");
    } else if (is_legal) {
      out.append({at, step.size});
    } else {
      out.append("\xef\xbf\xbd");
    }
    at += step.size;
  }
}

void put_hex(Payload& out, std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  char* to = out.room(2 * bytes.size());
  for (char c : bytes) {
    auto byte = static_cast<unsigned char>(c);
    *to++ = digits[byte >> 4];
    *to++ = digits[byte & 15];
  }
  out.commit(to);
}

void put_element(Payload& out, std::string_view name, uint64_t number) {
  char text[24];
  std::string_view value(text, static_cast<size_t>(std::to_chars(text, text + sizeof text, number).ptr - text));
  for (std::string_view piece : {std::string_view("<"), name, std::string_view(">"), value, std::string_view("</"),
                                 name, std::string_view(">")}) {
    out.append(piece);
  }
}

/// *Rooms:* one replica, its worker.
class Xml final : public Codec {
 public:
  explicit Xml(const NoConfig&) {}

  std::string_view header() const override { return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<packet>\n"; }

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    for (size_t i = 0; i < ins; i++) {
      columns_[i] = batch.read(batch.in(i));
    }
    when_.reset();
    put_when(local_.at(wall_ns() / 1'000'000'000));
    for (Row row : batch.rows()) {
      payload.append("<log>");
      payload.append(when_.bytes());
      put_row(row, payload);
      payload.append("</log>\n");
      payload.end_row();
    }
  }

 private:
  const Cell* find(In what, Row row) const { return columns_[what] == nullptr ? nullptr : columns_[what]->find(row); }

  void put_when(const tm& now) {
    when_.append("<when>");
    put_element(when_, "hour", static_cast<uint64_t>(now.tm_hour));
    put_element(when_, "min", static_cast<uint64_t>(now.tm_min));
    put_element(when_, "sec", static_cast<uint64_t>(now.tm_sec));
    put_element(when_, "wday", static_cast<uint64_t>(now.tm_wday + 1));
    put_element(when_, "day", static_cast<uint64_t>(now.tm_mday));
    put_element(when_, "month", static_cast<uint64_t>(now.tm_mon + 1));
    put_element(when_, "year", static_cast<uint64_t>(now.tm_year + 1900));
    when_.append("</when>");
  }

  void put_row(Row row, Payload& out) const {
    if (const Cell* text = find(prefix, row)) {
      out.append("<prefix>");
      put_xml_text(out, text->bytes());
      out.append("</prefix>");
    }
    if (const Cell* number = find(hook, row)) {
      put_element(out, "hook", number->bits);
    }
    if (const Cell* number = find(protocol, row)) {
      char bytes[2] = {static_cast<char>(number->bits >> 8), static_cast<char>(number->bits)};
      out.append("<hw><proto>");
      put_hex(out, {bytes, sizeof bytes});
      out.append("</proto>");
      if (const Cell* sender = find(source, row)) {
        out.append("<src>");
        put_hex(out, sender->bytes());
        out.append("</src>");
      }
      out.append("</hw>");
    }
    for (auto [what, name] :
         {std::pair{mark, "mark"}, std::pair{in_device, "indev"}, std::pair{out_device, "outdev"}}) {
      const Cell* number = find(what, row);
      if (number != nullptr && number->bits != 0) {
        put_element(out, name, number->bits);
      }
    }
    if (const Cell* bytes = find(packet, row)) {
      out.append("<payload>");
      put_hex(out, bytes->bytes());
      out.append("</payload>");
    }
  }

  LocalSecond local_;
  Payload when_;
  const Column* columns_[ins] = {};  // taken anew for each batch
};

void declare(void*, std::string_view, Wiring& wiring) {
  wiring.reads = {{"oob.prefix", Type::Text, true},          {"oob.hook", Type::Unsigned, true},
                  {"oob.protocol", Type::Unsigned, true},    {"raw.mac.saddr", Type::Bytes, true},
                  {"oob.mark", Type::Unsigned, true},        {"oob.ifindex_in", Type::Unsigned, true},
                  {"oob.ifindex_out", Type::Unsigned, true}, {"raw.pkt", Type::Bytes, true}};
}
}  // namespace

extern const Plugin codec_xml;
const Plugin codec_xml = {
    .kind = Kind::Codec,
    .name = "xml",
    .doc = "logged packets as elements of XML",
    .declare = declare,
    .codec = make_codec<Xml, NoConfig>,
};

}  // namespace stook
