// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Tables out of CSV (RFC 4180) and msgpack.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "core/base/fd.hh"
#include "core/data/object.hh"
#include "core/lua/library/tables.hh"

namespace stook {

namespace {
constexpr int64_t longest_file = int64_t{256} << 20;

/// Rows of texts, found by one column.
class CsvTable final : public LookupTable {
 public:
  CsvTable(const std::string& path, std::string_view key);
  bool find(std::string_view key, std::string& msgpack) const override;
  size_t size() const override { return rows_.size(); }

 private:
  std::string_view take_cell(size_t& at, bool& ends_row);

  std::string bytes_;  // of the file; a cell with quotes is unquoted in its place
  std::vector<std::string_view> names_;
  std::vector<std::string_view> cells_;
  std::unordered_map<std::string_view, size_t> rows_;  // the first cell of each
};

// The cell at `at`, which moves behind it.
std::string_view CsvTable::take_cell(size_t& at, bool& ends_row) {
  size_t begin = at;
  size_t to = at;
  if (at < bytes_.size() && bytes_[at] == '"') {
    for (at++; at < bytes_.size(); at++) {
      if (bytes_[at] == '"') {
        if (at + 1 >= bytes_.size() || bytes_[at + 1] != '"') {
          at++;
          break;
        }
        at++;
      }
      bytes_[to++] = bytes_[at];
    }
  } else {
    while (at < bytes_.size() && bytes_[at] != ',' && bytes_[at] != '\n' &&
           !(bytes_[at] == '\r' && at + 1 < bytes_.size() && bytes_[at + 1] == '\n')) {
      at++;
    }
    to = at;
  }
  std::string_view cell = std::string_view(bytes_).substr(begin, to - begin);
  while (at < bytes_.size() && bytes_[at] != ',' && bytes_[at] != '\n') {
    at++;
  }
  ends_row = at >= bytes_.size() || bytes_[at] == '\n';
  at++;
  return cell;
}

CsvTable::CsvTable(const std::string& path, std::string_view key) : bytes_(read_table_file(path)) {
  size_t at = bytes_.rfind("\xef\xbb\xbf", 0) == 0 ? 3 : 0;
  bool ends_row = bytes_.size() <= at;
  while (!ends_row) {
    names_.push_back(take_cell(at, ends_row));
  }
  size_t column = 0;
  while (column < names_.size() && names_[column] != key && !(key.empty() && column == 0)) {
    column++;
  }
  if (column == names_.size()) {
    throw std::invalid_argument("the first row of " + path + " has no column '" + std::string(key) + "'");
  }
  size_t number = 1;
  while (at < bytes_.size()) {
    number++;
    size_t first = cells_.size();
    do {
      cells_.push_back(take_cell(at, ends_row));
    } while (!ends_row);
    if (cells_.size() == first + 1 && cells_[first].empty() && names_.size() > 1) {
      cells_.pop_back();  // an empty line
      continue;
    }
    if (cells_.size() - first != names_.size()) {
      throw std::invalid_argument("row " + std::to_string(number) + " of " + path + " has " +
                                  std::to_string(cells_.size() - first) + " cells; the first row has " +
                                  std::to_string(names_.size()));
    }
    rows_.emplace(cells_[first + column], first);  // of equal keys the first one counts
  }
}

void append_cell(std::string& out, const Cell& cell) {
  size_t size = out.size();
  out.resize(size + cell_room(cell));
  out.resize(static_cast<size_t>(put_cell(out.data() + size, cell) - out.data()));
}

bool CsvTable::find(std::string_view key, std::string& msgpack) const {
  auto found = rows_.find(key);
  if (found == rows_.end()) {
    return false;
  }
  msgpack.resize(5);
  put_wide_map_head(msgpack.data(), static_cast<uint32_t>(names_.size()));
  for (size_t i = 0; i < names_.size(); i++) {
    append_cell(msgpack, Cell::of_text(names_[i]));
    append_cell(msgpack, Cell::of_text(cells_[found->second + i]));
  }
  return true;
}

/// One map from texts to values.
class MsgpackTable final : public LookupTable {
 public:
  explicit MsgpackTable(const std::string& path);
  bool find(std::string_view key, std::string& msgpack) const override {
    auto found = values_.find(key);
    if (found == values_.end()) {
      return false;
    }
    msgpack.assign(found->second);
    return true;
  }
  size_t size() const override { return values_.size(); }

 private:
  std::string bytes_;
  std::unordered_map<std::string_view, std::string_view> values_;
};

MsgpackTable::MsgpackTable(const std::string& path) : bytes_(read_table_file(path)) {
  Cell cell{};
  uint32_t count = 0;
  ObjectReader reader(bytes_);
  if (!is_object(bytes_) || reader.next(cell, count) != Item::Map) {
    throw std::invalid_argument(path + " is no table; it would be one map of msgpack");
  }
  for (uint32_t i = 0; i < count; i++) {
    uint32_t ignored = 0;
    if (reader.next(cell, ignored) != Item::Value || !cell.is_slice()) {
      throw std::invalid_argument(path + " has a key that is no text");
    }
    values_.emplace(cell.bytes(), reader.skip());
  }
}
}  // namespace

std::string read_table_file(const std::string& path) {
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) {
    throw std::invalid_argument("the table " + path + " cannot be opened: " + std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode) || status.st_size > longest_file) {
    throw std::invalid_argument("the table " + path + " is no regular file of at most 256 MiB");
  }
  std::string bytes(static_cast<size_t>(status.st_size), '\0');
  size_t size = 0;
  while (size < bytes.size()) {
    ssize_t got = ::read(file.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      throw std::invalid_argument("the table " + path + " cannot be read" +
                                  (got < 0 ? std::string(": ") + std::strerror(errno) : " to its end"));
    }
    size += static_cast<size_t>(got);
  }
  return bytes;
}

std::unique_ptr<LookupTable> read_csv_table(const std::string& path, std::string_view key) {
  return std::make_unique<CsvTable>(path, key);
}

std::unique_ptr<LookupTable> read_msgpack_table(const std::string& path) {
  return std::make_unique<MsgpackTable>(path);
}

}  // namespace stook
