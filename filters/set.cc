// SPDX-License-Identifier: Apache-2.0
/// set: gives keys a value.
///
///   [mark]
///   set = site=berlin, level=3, is_test=false, name="$host:${port:-80}", from=$ip.saddr, price='5 $'
///
///   {"host":"web","ip.saddr":"192.0.2.1"}
///     →   site="berlin" level=3 is_test=false name="web:80" from=192.0.2.1 price="5 $"
///
/// Numbers, true, false and null are values of their type. Other text, in "…" or bare, is a pattern: keys in it are
/// replaced by their values, and the result is text. One key alone, `$ip.saddr`, is copied with its type, absence
/// included. Text in '…' stands for itself. All values are taken from the row as it came.
#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/api/literal.hh"
#include "core/api/plugin.hh"
#include "core/data/pattern.hh"

namespace stook {

namespace {

struct SetConfig {
  std::vector<std::string> set;

  enum class Form : uint8_t { Constant, Copy, Text };
  struct Assignment {
    Form form;
    Cell constant;  // Constant; texts point into `text`
    std::string text;
    Pattern pattern;            // Text, Copy
    std::vector<size_t> reads;  // places of the pattern's keys in Wiring.reads
  };
  std::vector<Assignment> assignments;
};

constexpr std::array options = {
    option<&SetConfig::set>("set", required, "keys and their values as key=value"),
};

/// *Rooms:* one replica, its worker.
class Set final : public Filter {
 public:
  explicit Set(const SetConfig& config) : config_(config), ids_(config.assignments.size()), cells_(ids_.size()) {
    for (size_t i = 0; i < ids_.size(); i++) {
      ids_[i].resize(config.assignments[i].reads.size());
    }
  }

  void run(Batch& batch) override ROOM(worker) {
    for (size_t i = 0; i < ids_.size(); i++) {
      for (size_t k = 0; k < ids_[i].size(); k++) {
        ids_[i][k] = batch.in(config_.assignments[i].reads[k]);
      }
    }
    for (Row row : batch.rows()) {
      for (size_t i = 0; i < cells_.size(); i++) {
        cells_[i] = value(batch, i, row);
      }
      for (size_t i = 0; i < cells_.size(); i++) {
        put(batch.write(batch.out(i)), row, cells_[i]);
      }
    }
  }

 private:
  /// Mixed: absent.
  Cell value(const Batch& batch, size_t i, Row row) ROOM(worker) {
    const SetConfig::Assignment& assignment = config_.assignments[i];
    if (assignment.form == SetConfig::Form::Constant || batch.out(i) == no_key) {
      return assignment.constant;
    }
    if (assignment.form == SetConfig::Form::Copy) {
      const Column* column = batch.read(ids_[i][0]);
      const Cell* cell = column == nullptr ? nullptr : column->find(row);
      return cell == nullptr ? Cell::of_word(Type::Mixed, 0) : *cell;
    }
    text_.reset();
    assignment.pattern.expand(batch, ids_[i].data(), row, text_);
    return Cell::of_text(text_.size() == 0 ? std::string_view("") : batch.arena().copy(text_.bytes()));
  }

  static void put(Column* column, Row row, const Cell& cell) {
    if (column == nullptr) {
      return;
    }
    if (cell.type == Type::Mixed) {
      column->clear(row);
    } else {
      column->set(row, cell);
    }
  }

  const SetConfig& config_;
  std::vector<std::vector<KeyId>> ids_;  // by assignment, in the order of its pattern's keys
  std::vector<Cell> cells_;
  Payload text_;
};

bool is_quoted(std::string_view text, char quote) {
  return text.size() >= 2 && text.front() == quote && text.back() == quote;
}

/// The text of a pattern without keys.
std::string plain_text(const Pattern& pattern) {
  std::string text;
  for (const Pattern::Piece& piece : pattern.pieces()) {
    text += piece.text;
  }
  return text;
}

SetConfig::Assignment assignment_of(std::string_view value) {
  SetConfig::Assignment made{SetConfig::Form::Constant, Cell::of_null(), std::string(value), {}, {}};
  if (is_quoted(value, '\'')) {
    made.text = value.substr(1, value.size() - 2);
    made.constant.type = Type::Text;
    return made;
  }
  bool is_text = is_quoted(value, '"');
  if (!is_text && read_literal(made.text, made.constant)) {
    return made;
  }
  made.pattern = Pattern(is_text ? value.substr(1, value.size() - 2) : value);
  if (!made.pattern.has_keys()) {
    made.text = plain_text(made.pattern);
    made.constant = Cell::of_text("");
    return made;
  }
  const std::vector<Pattern::Piece>& pieces = made.pattern.pieces();
  bool is_copy = !is_text && pieces.size() == 1 && pieces[0].text.empty() && pieces[0].format.empty();
  made.form = is_copy ? SetConfig::Form::Copy : SetConfig::Form::Text;
  return made;
}

Type type_of(const SetConfig::Assignment& assignment) {
  switch (assignment.form) {
    case SetConfig::Form::Copy:
      return Type::Mixed;
    case SetConfig::Form::Text:
      return Type::Text;
    default:
      return assignment.constant.type == Type::Null ? Type::Mixed : assignment.constant.type;
  }
}

/// Declares what a pattern reads: a key must be there unless the pattern says what stands for it.
void add_reads(SetConfig::Assignment& assignment, Wiring& wiring) {
  for (const std::string& name : assignment.pattern.keys()) {
    bool is_optional = true;
    for (const Pattern::Piece& piece : assignment.pattern.pieces()) {
      is_optional = is_optional && (piece.key != name || !piece.text.empty());
    }
    assignment.reads.push_back(wiring.reads.size());
    wiring.reads.push_back({name, Type::Mixed, is_optional});
  }
}

void declare(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<SetConfig*>(raw);
  config.assignments.clear();
  if (config.set.empty()) {
    throw std::invalid_argument("set: nothing is set; write key=value, as in site=berlin");
  }
  for (const std::string& entry : config.set) {
    size_t sign = entry.find('=');
    std::string name(trim(std::string_view(entry).substr(0, sign)));
    if (sign == std::string::npos || name.empty()) {
      throw std::invalid_argument("set: " + entry + " sets no key; write key=value, as in site=berlin");
    }
    for (const Key& key : wiring.writes) {
      if (key.name == name) {
        throw std::invalid_argument("set: the key " + name + " is set twice; one value would be right");
      }
    }
    config.assignments.push_back(assignment_of(trim(std::string_view(entry).substr(sign + 1))));
    add_reads(config.assignments.back(), wiring);
    wiring.writes.push_back({name, type_of(config.assignments.back()), "", "set to a value"});
  }
  // Only now do the texts stay where they are.
  for (SetConfig::Assignment& assignment : config.assignments) {
    if (assignment.constant.type == Type::Text) {
      bool is_number = assignment.constant.is_number;
      assignment.constant = Cell::of_text(assignment.text);
      assignment.constant.is_number = is_number;
    }
  }
}

}  // namespace

extern const Plugin filter_set;
const Plugin filter_set = {
    .kind = Kind::Filter,
    .name = "set",
    .doc = "gives keys a value, constant or made of other keys",
    .options = options,
    .primary = "set",
    .config = config_type<SetConfig>,
    .declare = declare,
    .filter = make_filter<Set, SetConfig>,
};

}  // namespace stook
