// SPDX-License-Identifier: Apache-2.0
/// pretty: rows for human eyes.
///
/// On a terminal a row is one line: its time, its level, its message, then the other keys as `key=value`, aligned with the
/// lines above as far as that is possible, in colours. Where standard output is no terminal, rows are JSON lines, so
/// that the next program in a pipe gets data. `colour = yes` and `no` give the human form everywhere.
///
///   [out]
///   format = pretty
///   colour = no
///
///   03:38:00.120  remote_addr=192.0.2.1    status=404  path=/favicon.ico
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "core/data/pattern.hh"
#include "sinks/codecs/json.hh"

namespace stook {

namespace {
enum class Colour : uint8_t { Auto, Yes, No };
}
template <>
inline constexpr std::string_view choice_names<Colour>[] = {"auto", "yes", "no"};

namespace {
struct PrettyConfig : JsonConfig {
  Colour colour = Colour::Auto;
};

constexpr std::array options = {
    option<&PrettyConfig::keys>("keys", "", "write only these keys, in this order; none named: all"),
    option<&PrettyConfig::without>("without", "", "keys that are not written"),
    option<&PrettyConfig::colour>("colour", "auto", "colours, and the human form where there is no terminal"),
};

void put_plain_lead(std::string& to, std::string_view name) {
  to.append(name);
}

constexpr std::string_view dim = "\x1b[2m";
constexpr std::string_view red = "\x1b[31m";
constexpr std::string_view yellow = "\x1b[33m";
constexpr std::string_view cyan = "\x1b[36m";
constexpr std::string_view normal = "\x1b[0m";

/// *Invariants:* widths_ only grow, up to widest, so that columns stand still after some lines.
/// *Rooms:* one replica, its worker.
class Human final : public Codec {
 public:
  Human(const PrettyConfig& config, bool is_coloured) : columns_(config, put_plain_lead), is_coloured_(is_coloured) {}

  void encode(Batch& batch, Payload& out) override ROOM(worker) {
    const std::vector<Columns::Present>& columns = columns_.gather(batch);
    widths_.resize(std::max(widths_.size(), columns.size()));
    for (Row row : batch.rows()) {
      size_t before = out.size();
      for (const Columns::Present& column : columns) {
        const Cell* cell = column.column->find(row);
        if (cell != nullptr && cell->type == Type::Time && out.size() == before) {
          put_clock(out, cell->integer);
        }
      }
      bool has_clock = out.size() > before;
      for (size_t i = 0; i < columns.size(); i++) {
        const Cell* cell = columns[i].column->find(row);
        if (cell == nullptr || (has_clock && cell->type == Type::Time)) {
          has_clock = has_clock && cell == nullptr;
          continue;
        }
        put_pair(out, {columns[i].lead, columns[i].lead_size}, *cell, widths_[i]);
      }
      while (out.size() > before && out.bytes().back() == ' ') {
        out.commit(out.room(0) - 1);
      }
      out.append('\n');
      out.end_row();
    }
  }

 private:
  static constexpr size_t widest = 32;

  void paint(Payload& out, std::string_view colour) ROOM(worker) {
    if (is_coloured_) {
      out.append(colour);
    }
  }

  // The time of day to the millisecond.
  void put_clock(Payload& out, int64_t ns) ROOM(worker) {
    char text[40];
    char* end = put_time(text, ns - ((ns % 1'000'000) + 1'000'000) % 1'000'000);
    std::string clock(text + 11, end - 1);
    clock += clock.size() == 8 ? ".000" : "";
    paint(out, dim);
    out.append(clock);
    paint(out, normal);
    out.append(std::string_view("  "));
  }

  std::string_view colour_of(std::string_view name, const Cell& cell) const {
    if (name == "parse_error") {
      return red;
    }
    if (name == "status" && cell.type == Type::Integer) {
      return cell.integer >= 500 ? red : cell.integer >= 400 ? yellow : std::string_view();
    }
    if ((name == "level" || name == "severity") && cell.type == Type::Text) {
      char first = cell.size == 0 ? ' ' : static_cast<char>(cell.data[0] | 0x20);
      return first == 'e' || first == 'f' || first == 'c' ? red : first == 'w' ? yellow : std::string_view();
    }
    return {};
  }

  void put_pair(Payload& out, std::string_view name, const Cell& cell, size_t& width) ROOM(worker) {
    paint(out, cyan);
    append_escaped(out, name);
    paint(out, normal);
    out.append('=');
    std::string_view colour = colour_of(name, cell);
    paint(out, colour);
    size_t begin = out.size();
    if (cell.type == Type::Text || cell.type == Type::Bytes) {
      append_escaped(out, cell.bytes());
    } else if (cell.type == Type::Null) {
      out.append(std::string_view("null"));
    } else {
      append_text(out, cell);
    }
    // Columns are counted in characters; wide ones are taken for one.
    auto is_start = [](char c) { return (c & 0xc0) != 0x80; };
    std::string_view value = out.bytes().substr(begin);
    auto size = static_cast<size_t>(std::count_if(value.begin(), value.end(), is_start));
    paint(out, colour.empty() ? colour : normal);
    width = std::max(width, std::min(size, widest));
    size_t blanks = 2 + (size < width ? width - size : 0);
    char* to = out.room(blanks);
    std::memset(to, ' ', blanks);
    out.commit(to + blanks);
  }

  Columns columns_;
  bool is_coloured_;
  std::vector<size_t> widths_;
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  declare_columns(*static_cast<const PrettyConfig*>(raw), wiring);
}

std::unique_ptr<Codec> make(const Make& make) {
  const auto& config = *static_cast<const PrettyConfig*>(make.config);
  bool is_terminal = isatty(STDOUT_FILENO) == 1;
  if (config.colour == Colour::Auto && !is_terminal) {
    return std::make_unique<Json>(config);
  }
  return std::make_unique<Human>(config, config.colour != Colour::No);
}
}  // namespace

extern const Plugin codec_pretty;
const Plugin codec_pretty = {
    .kind = Kind::Codec,
    .name = "pretty",
    .doc = "aligned and coloured lines on a terminal, JSON lines elsewhere",
    .options = options,
    .primary = "keys",
    .config = config_type<PrettyConfig>,
    .declare = declare,
    .codec = make,
};

}  // namespace stook
