// SPDX-License-Identifier: Apache-2.0
/// mask: long numbers in a text become stars, so that cards and accounts do not travel.
///
///   [mask]
///   key = message
///   digits = 12
///
///   {"message":"card 4111111111111111, order 4711"}   →   {"message":"card ****************, order 4711"}
#include <array>
#include <cstring>

#include "core/api/module.hh"

namespace {

using namespace stook;

struct MaskConfig {
  std::string key;
  uint64_t digits = 0;
};

constexpr std::array options = {
    option<&MaskConfig::key>("key", "message", "the text that is looked through"),
    option<&MaskConfig::digits>("digits", "12", "a number with so many digits, or more, is masked", {1, 1000}),
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// *Rooms:* one replica, its worker.
class Mask final : public Filter {
 public:
  explicit Mask(const MaskConfig& config) : digits_(config.digits) {}

  void run(Batch& batch) override ROOM(worker) {
    const Column* texts = batch.read(batch.in(0));
    Column* masked = batch.write(batch.out(0));
    if (texts == nullptr || masked == nullptr) {
      return;
    }
    for (Row row : batch.rows()) {
      const Cell* cell = texts->find(row);
      if (cell != nullptr && cell->type == Type::Text) {
        masked->set(row, Cell::of_text(mask(cell->bytes(), batch.arena())));
      }
    }
  }

 private:
  /// The text itself when nothing in it is masked, else a copy, which lives as long as the row.
  std::string_view mask(std::string_view text, Arena& arena) const ROOM(worker) {
    char* copy = nullptr;
    for (size_t at = 0; at < text.size(); at++) {
      size_t begin = at;
      while (at < text.size() && is_digit(text[at])) {
        at++;
      }
      if (at - begin < digits_) {
        continue;
      }
      if (copy == nullptr) {
        copy = arena.take(text.size());
        std::memcpy(copy, text.data(), text.size());
      }
      std::memset(copy + begin, '*', at - begin);
    }
    return copy == nullptr ? text : std::string_view(copy, text.size());
  }

  const size_t digits_;
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  const auto& config = *static_cast<const MaskConfig*>(raw);
  wiring.reads.push_back({config.key, Type::Text, true});
  wiring.writes.push_back({config.key, Type::Text, {}, "with long numbers masked"});
}

constexpr Plugin mask = {
    .kind = Kind::Filter,
    .name = "mask",
    .doc = "long numbers in a text become stars",
    .options = options,
    .primary = "key",
    .config = config_type<MaskConfig>,
    .declare = declare,
    .filter = make_filter<Mask, MaskConfig>,
};

}  // namespace

STOOK_MODULE(&mask);
