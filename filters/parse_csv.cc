// SPDX-License-Identifier: Apache-2.0
/// parse_csv: takes rows of comma-separated values apart (RFC 4180), or of any other separator.
///
/// `keys` names the columns in order, each with a type where it is to be more than text: integer, unsigned, real,
/// boolean or time (ISO 8601). A column without a name is stepped over. An empty cell is an absent key, `""` an empty
/// text. Quotes within a quoted cell are doubled. A row has exactly as many cells as there are keys, and lies on one
/// line; a CR at its end does not count.
///
/// With `header = yes` each row that holds nothing but the names of the keys is dropped, wherever it comes: rows of one
/// file may be dealt to several workers, so that no parser knows which one was the first.
///
///     stack=log:FILE,parse:PARSE_CSV,out:STDOUT
///     [parse]
///     keys=name, age:integer, , city
///
/// `"O""Neil, Ann",41,x,` becomes `name=O"Neil, Ann age=41`. Other rows keep their text and get a parse_error.
#include <array>
#include <stdexcept>

#include "core/api/parser.hh"
#include "core/api/plugin.hh"
#include "core/data/scan.hh"
#include "core/data/time_text.hh"
#include "core/data/typed_text.hh"

namespace stook {

namespace {
/// One column of the text.
struct CsvColumn {
  std::string name;
  Type type = Type::Text;
  std::string wrong;  // why a row is refused whose cell is not of the type
};

struct CsvConfig {
  std::string key;
  std::vector<std::string> keys;
  std::string delimiter;
  std::string quote;
  bool header = false;
  bool keep_text = false;
  std::vector<CsvColumn> columns;
  std::string header_plain;   // a,b
  std::string header_quoted;  // "a","b"
};

constexpr Option csv_options[] = {
    option<&CsvConfig::keys>("keys", required, "the columns, as name or name:type; nothing for one that is left out"),
    option<&CsvConfig::key>("key", "message", "where the text is"),
    option<&CsvConfig::delimiter>("delimiter", ",", "what stands between cells, one character or tab"),
    option<&CsvConfig::quote>("quote", "\"", "what stands around cells, one character or none"),
    option<&CsvConfig::header>("header", "no", "drop rows that hold the names of the keys"),
    option<&CsvConfig::keep_text>("keep_text", "no", "keep the text as well"),
};

/// Takes rows apart. *Invariants:* a row that is refused leaves no cell behind. *Rooms:* a replica per worker.
class ParseCsv final : public Filter {
 public:
  explicit ParseCsv(const CsvConfig& config)
      : config_(config),
        delimiter_(config.delimiter[0]),
        quote_(config.quote.empty() ? config.delimiter[0] : config.quote[0]),
        time_("iso8601"),
        targets_(config.columns.size()),
        cells_(config.columns.size()),
        has_(config.columns.size()) {}

  void run(Batch& batch) override ROOM(worker) {
    TextRows texts(batch, batch.in(0), batch.out(0), config_.keep_text);
    size_t out = 1;
    for (size_t i = 0; i < targets_.size(); i++) {
      targets_[i] = config_.columns[i].name.empty() ? nullptr : batch.write(batch.out(out++));
    }
    arena_ = &batch.arena();
    std::array<bool, Column::max_rows> is_header{};
    bool has_header = false;
    for (Row row : batch.rows()) {
      std::string_view text = texts.text(row);
      if (config_.header && is_header_text(text)) {
        is_header[row] = has_header = true;
        continue;
      }
      std::string_view reason = text.data() == nullptr ? "not a CSV row: the row has no text" : read(text);
      if (!reason.empty()) {
        texts.fail_copied(row, reason);
        continue;
      }
      texts.done(row);
      for (size_t i = 0; i < targets_.size(); i++) {
        if (has_[i] != 0) {
          targets_[i]->set(row, cells_[i]);
        }
      }
    }
    if (has_header) {
      batch.keep_if([&](Row row) { return !is_header[row]; });
    }
  }

 private:
  bool is_header_text(std::string_view text) const {
    if (text.substr(0, 3) == "\xEF\xBB\xBF") {
      text.remove_prefix(3);
    }
    if (!text.empty() && text.back() == '\r') {
      text.remove_suffix(1);
    }
    return text == config_.header_plain || text == config_.header_quoted;
  }

  /// Fills cells_ and has_; nothing, or why the row is refused.
  std::string_view read(std::string_view text) {
    if (!text.empty() && text.back() == '\r') {
      text.remove_suffix(1);
    }
    Scan scan(text);
    const char* at = scan.begin();
    for (size_t i = 0; i < targets_.size(); i++) {
      bool is_quoted = at < scan.end() && *at == quote_ && quote_ != delimiter_;
      bool has_double = false;
      const char* first = is_quoted ? at + 1 : at;
      const char* end = is_quoted ? end_of_quoted(scan, first, has_double) : scan.find(at, delimiter_);
      if (end == nullptr) {
        return "not a CSV row: no closing quote";
      }
      at = is_quoted ? end + 1 : end;
      bool is_last = i + 1 == targets_.size();
      if (at < scan.end() && *at != delimiter_) {
        return "not a CSV row: text follows a closing quote";
      }
      if (is_last != (at == scan.end())) {
        return is_last ? "not a CSV row: too many columns" : "not a CSV row: too few columns";
      }
      at += is_last ? 0 : 1;
      std::string_view cell(first, static_cast<size_t>(end - first));
      has_[i] = targets_[i] != nullptr && (is_quoted || !cell.empty()) ? 1 : 0;
      if (has_[i] != 0 && !take(has_double ? without_doubles(cell) : cell, config_.columns[i].type, cells_[i])) {
        return config_.columns[i].wrong;
      }
    }
    return {};
  }

  /// Where a cell's closing quote is, or null.
  const char* end_of_quoted(const Scan& scan, const char* from, bool& has_double) const {
    for (;;) {
      const char* hit = scan.find(from, quote_);
      if (hit == scan.end()) {
        return nullptr;
      }
      if (hit + 1 == scan.end() || hit[1] != quote_) {
        return hit;
      }
      has_double = true;
      from = hit + 2;
    }
  }

  std::string_view without_doubles(std::string_view text) {
    char* begin = arena_->take(text.size());
    char* to = begin;
    for (size_t i = 0; i < text.size(); i++) {
      *to++ = text[i];
      i += text[i] == quote_ ? 1 : 0;
    }
    return {begin, static_cast<size_t>(to - begin)};
  }

  bool take(std::string_view text, Type type, Cell& cell) {
    switch (type) {
      case Type::Integer:
        return read_integer(text, cell) && cell.type == Type::Integer;
      case Type::Unsigned:
        if (!read_integer(text, cell) || (cell.type == Type::Integer && cell.integer < 0)) {
          return false;
        }
        cell.type = Type::Unsigned;
        return true;
      case Type::Real:
        return read_real(text, cell);
      case Type::Boolean:
        return read_truth(text, cell);
      case Type::Time: {
        TimeText time = time_.read_all(text);
        cell = Cell::of_time(time.ns);
        return time.size != 0;
      }
      default:
        cell = Cell::of_text(text);
        return true;
    }
  }

  const CsvConfig& config_;
  char delimiter_;
  char quote_;
  TimeReader time_;
  Arena* arena_ = nullptr;
  std::vector<Column*> targets_;  // by column; taken anew for each batch
  std::vector<Cell> cells_;       // of the row being read
  std::vector<uint8_t> has_;
};

void add_column(CsvConfig& config, const std::string& entry) {
  CsvColumn column;
  size_t colon = entry.rfind(':');
  column.name = entry.substr(0, colon);
  std::string type = colon == std::string::npos ? "text" : entry.substr(colon + 1);
  bool is_known = find_type(type, column.type);
  if (!is_known || column.type == Type::Null || column.type == Type::Bytes || column.type == Type::Address ||
      column.type == Type::Object || column.type == Type::Mixed) {
    throw std::invalid_argument("keys: \"" + entry +
                                "\" has no type of a cell; it takes text, integer, unsigned, real, boolean or time");
  }
  column.wrong = "not a CSV row: `" + column.name + "` is not of type " + type;
  bool is_first = config.columns.empty();
  config.header_plain += (is_first ? "" : config.delimiter) + column.name;
  config.header_quoted += (is_first ? "" : config.delimiter) + config.quote + column.name + config.quote;
  if (column.name.empty() && config.header) {
    throw std::invalid_argument("header: a header is known by its names, and one of the keys has none");
  }
  config.columns.push_back(column);
}

void declare_csv(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<CsvConfig*>(raw);
  if (config.delimiter == "tab" || config.delimiter == "\\t") {
    config.delimiter = "\t";
  }
  if (config.quote == "none") {
    config.quote.clear();
  }
  if (config.delimiter.size() != 1) {
    throw std::invalid_argument("delimiter: \"" + config.delimiter + "\" is not one character or tab");
  }
  if (config.quote.size() > 1 || config.quote == config.delimiter) {
    throw std::invalid_argument("quote: \"" + config.quote +
                                "\" is not one character other than the delimiter, or none");
  }
  for (const std::string& entry : config.keys) {
    add_column(config, entry);
  }
  if (config.columns.empty()) {
    throw std::invalid_argument("keys: there must be at least one");
  }
  wiring.reads.push_back({config.key, Type::Text});
  wiring.writes.push_back({"parse_error", Type::Text, {}, "why the row is refused"});
  for (const CsvColumn& column : config.columns) {
    if (!column.name.empty()) {
      wiring.writes.push_back({column.name, column.type, {}, {}});
    }
  }
}
}  // namespace

extern const Plugin filter_parse_csv;
const Plugin filter_parse_csv = {
    .kind = Kind::Filter,
    .name = "parse_csv",
    .doc = "takes rows of comma-separated values apart",
    .options = csv_options,
    .primary = "keys",
    .config = config_type<CsvConfig>,
    .declare = declare_csv,
    .filter = make_filter<ParseCsv, CsvConfig>,
};

}  // namespace stook
