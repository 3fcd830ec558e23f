// SPDX-License-Identifier: Apache-2.0
/// raw: the value of one key a line, byte for byte.
///
/// The one text codec that escapes nothing: what came in goes out, control characters too. Rows without the key are
/// faults. Values other than text are written as `pattern` writes them.
///
///   [out]
///   format = raw
///   key = message
///
///   192.0.2.1 - - [21/Nov/2026:03:38:00 +0000] "GET / HTTP/1.1" 200 612
#include <array>
#include <string>

#include "core/api/plugin.hh"
#include "core/data/pattern.hh"

namespace stook {

namespace {
struct RawConfig {
  std::string key;
};

constexpr std::array options = {option<&RawConfig::key>("key", "message", "the key whose value is the line")};

class Raw final : public Codec {
 public:
  explicit Raw(const RawConfig&) {}

  // A source that reads blocks leaves its lines as neighbours with one newline between them. Such a run of rows is one
  // copy.
  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    const Column* column = batch.read(batch.in(0));
    std::string_view run;
    for (Row row : batch.rows()) {
      const Cell* cell = column == nullptr ? nullptr : column->find(row);
      if (cell == nullptr) {
        batch.fault(row);
        continue;
      }
      if (cell->type != Type::Text && cell->type != Type::Bytes) {
        finish(payload, run);
        append_text(payload, *cell);
        payload.append('\n');
        payload.end_row();
        continue;
      }
      const char* end = run.data() + run.size();
      if (run.data() != nullptr && cell->data == end + 1 && *end == '\n') {
        run = {run.data(), run.size() + 1 + cell->size};
      } else {
        finish(payload, run);
        run = {cell->size == 0 ? "" : cell->data, cell->size};
      }
      // The run is copied once it is whole; the row's end is known before.
      payload.end_row_at(payload.size() + run.size() + 1);
    }
    finish(payload, run);
  }

 private:
  static void finish(Payload& payload, std::string_view& run) {
    if (run.data() == nullptr) {
      return;
    }
    char* to = payload.room(run.size() + 1);
    std::memcpy(to, run.data(), run.size());
    to[run.size()] = '\n';
    payload.commit(to + run.size() + 1);
    run = {};
  }
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  wiring.reads.push_back({static_cast<const RawConfig*>(raw)->key, Type::Mixed, false});
}
}  // namespace

extern const Plugin codec_raw;
const Plugin codec_raw = {
    .kind = Kind::Codec,
    .name = "raw",
    .doc = "the value of one key a line, byte for byte",
    .options = options,
    .primary = "key",
    .config = config_type<RawConfig>,
    .declare = declare,
    .codec = make_codec<Raw, RawConfig>,
};

}  // namespace stook
