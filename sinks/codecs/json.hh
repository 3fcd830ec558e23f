// SPDX-License-Identifier: Apache-2.0
/// The JSON lines codec, also used where `pretty` writes for no terminal.
#pragma once

#include "core/api/codec.hh"
#include "core/api/option.hh"
#include "core/data/json_text.hh"
#include "core/data/pattern.hh"
#include "sinks/codecs/columns.hh"

namespace stook {

template <>
inline constexpr std::string_view choice_names<BinaryForm>[] = {"escape", "replace", "base64"};
template <>
inline constexpr std::string_view choice_names<TimeForm>[] = {"iso", "epoch", "epoch_ms", "epoch_ns"};

struct JsonConfig : ColumnChoice {
  BinaryForm binary = BinaryForm::Replace;
  TimeForm time = TimeForm::Iso;
};

/// Writes each row as one object and a newline. *Rooms:* one replica, its worker.
class Json final : public Codec {
 public:
  explicit Json(const JsonConfig& config);
  void encode(Batch& batch, Payload& payload) override ROOM(worker);

 private:
  char* put_row(Payload& payload, char* to, Row row, const std::vector<Columns::Present>& columns) ROOM(worker);
  char* put_large(Payload& payload, char* to, const Columns::Present& column, const Cell& cell) ROOM(worker);
  char* make_room(Payload& payload, char* to, size_t size) ROOM(worker);

  JsonStyle style_;
  TimeMemo time_;
  Columns columns_;
  const char* end_ OWNED(worker) = nullptr;  // of the room taken from the payload
};

}  // namespace stook
