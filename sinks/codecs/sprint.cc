// SPDX-License-Identifier: Apache-2.0
/// sprint: a row in a form of one's own; SPRINT of ulogd's child with rings.
///
/// `<key>` is a value, `<>` where there is none. `(a|b|c)` is the first of these all of whose keys a row has, `()`
/// where there is none. `<a>+<b>` is a sum. `\n \t \\ \< \> \( \) \| \+` are these characters; nothing is written that
/// the form does not say, not even a newline.
///
///     form=<orig.ip.saddr>\t(<orig.l4.dport>|icmp <icmp.type>|-)\t<orig.raw.pktlen>+<reply.raw.pktlen>\n
///
///     192.0.2.1	443	96120
#include <charconv>

#include "core/api/plugin.hh"
#include "sinks/codecs/sprint_form.hh"
#include "sinks/codecs/ulogd_value.hh"

namespace stook {

namespace {
struct SprintCodecConfig {
  std::string form;
  std::string addrsep;

  // Completed by declare.
  SprintForm pieces;
};

constexpr Option options[] = {
    option<&SprintCodecConfig::form>("form", required, "what is written of a row"),
    option<&SprintCodecConfig::addrsep>("addrsep", "", "a character that stands in addresses in place of . and :"),
};

/// *Rooms:* one replica, its worker.
class Sprint final : public Codec {
 public:
  explicit Sprint(const SprintCodecConfig& config)
      : form_(config.pieces),
        separator_(config.addrsep.empty() ? '\0' : config.addrsep[0]),
        columns_(form_.keys.size(), nullptr) {}

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    for (size_t key = 0; key < columns_.size(); key++) {
      columns_[key] = batch.read(batch.in(key));
    }
    for (Row row : batch.rows()) {
      for (const SprintGroup& group : form_.groups) {
        put_group(payload, group, row);
      }
      payload.end_row();
    }
  }

 private:
  const Cell* find(size_t key, Row row) const ROOM(worker) {
    const Cell* cell = columns_[key] == nullptr ? nullptr : columns_[key]->find(row);
    return cell != nullptr && is_shown(*cell) ? cell : nullptr;
  }
  static bool is_number(const Cell& cell) { return cell.type == Type::Unsigned || cell.type == Type::Integer; }

  bool is_there(const SprintPiece& piece, Row row) const ROOM(worker) {
    for (size_t key : piece.keys) {
      const Cell* cell = find(key, row);
      if (cell == nullptr || (piece.keys.size() > 1 && !is_number(*cell))) {
        return false;
      }
    }
    return true;
  }

  void put_group(Payload& payload, const SprintGroup& group, Row row) ROOM(worker) {
    for (const std::vector<SprintPiece>& pieces : group.alternatives) {
      bool are_all_there = true;
      for (const SprintPiece& piece : pieces) {
        are_all_there = are_all_there && is_there(piece, row);
      }
      if (!are_all_there && group.is_group) {
        continue;
      }
      for (const SprintPiece& piece : pieces) {
        put_piece(payload, piece, row);
      }
      return;
    }
    payload.append("()");
  }

  void put_piece(Payload& payload, const SprintPiece& piece, Row row) ROOM(worker) {
    if (piece.keys.empty()) {
      payload.append(piece.text);
    } else if (!is_there(piece, row)) {
      payload.append("<>");
    } else if (piece.keys.size() == 1) {
      put_value(payload, *find(piece.keys[0], row));
    } else {
      uint64_t sum = 0;
      for (size_t key : piece.keys) {
        sum += find(key, row)->bits;
      }
      constexpr size_t digits = 24;
      char* to = payload.room(digits);
      payload.commit(std::to_chars(to, to + digits, sum).ptr);
    }
  }

  void put_value(Payload& payload, const Cell& cell) ROOM(worker) {
    if (cell.type != Type::Address || separator_ == '\0') {
      append_ulogd_value(payload, cell);
      return;
    }
    address_.reset();
    append_ulogd_value(address_, cell);
    for (char c : address_.bytes()) {
      payload.append(c == '.' || c == ':' ? separator_ : c);
    }
  }

  const SprintForm& form_;
  char separator_;
  std::vector<const Column*> columns_;  // taken anew for each batch
  Payload address_;
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<SprintCodecConfig*>(raw);
  config.pieces = read_sprint_form(config.form);
  if (config.addrsep.size() > 1) {
    throw std::invalid_argument("addrsep: is more than one character; write one, as in addrsep = _");
  }
  for (const std::string& key : config.pieces.keys) {
    wiring.reads.push_back({key, Type::Mixed, true});
  }
}
}  // namespace

extern const Plugin codec_sprint;
const Plugin codec_sprint = {
    .kind = Kind::Codec,
    .name = "sprint",
    .doc = "a row in a form of one's own",
    .options = options,
    .primary = "form",
    .config = config_type<SprintCodecConfig>,
    .declare = declare,
    .codec = make_codec<Sprint, SprintCodecConfig>,
    .is_binary = true,
};

}  // namespace stook
