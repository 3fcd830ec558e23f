// SPDX-License-Identifier: Apache-2.0
#include "sinks/sqlite3/table.hh"

#include <errno.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <bit>

#include "sinks/sqlite3/row.hh"

namespace stook {

namespace {

constexpr size_t most_names = 65'536;  // of keys that are remembered
constexpr std::string_view id_column = "stook_id";

/// A name in quotes, as SQL has it.
std::string quoted(std::string_view name) {
  std::string text = "\"";
  for (char c : name) {
    text += c;
    text += c == '"' ? "\"" : "";
  }
  return text + '"';
}

}  // namespace

void SqliteTable::Close::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

int SqliteTable::said(int code) {
  if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW) {
    reason_ = database_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(database_);
  }
  return code;
}

int SqliteTable::open(const std::string& path, const std::string& table, int patience) {
  close();
  table_ = table;
  int code = sqlite3_open_v2(path.c_str(), &database_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (said(code) != SQLITE_OK) {
    close();
    if (access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
      reason_ = "there is no such database; make it with its table, as it is not made here";
    }
    return code;
  }
  sqlite3_extended_result_codes(database_, 0);
  sqlite3_busy_timeout(database_, patience);
  code = read_columns();
  if (code != SQLITE_OK) {
    close();
  }
  return code;
}

int SqliteTable::read_columns() {
  sqlite3_stmt* raw = nullptr;
  int code = said(sqlite3_prepare_v2(database_, "SELECT name FROM pragma_table_info(?)", -1, &raw, nullptr));
  std::unique_ptr<sqlite3_stmt, Close> statement(raw);
  if (code != SQLITE_OK) {
    return code;
  }
  sqlite3_bind_text(raw, 1, table_.c_str(), -1, SQLITE_STATIC);
  while ((code = said(sqlite3_step(raw))) == SQLITE_ROW) {
    columns_.push_back({reinterpret_cast<const char*>(sqlite3_column_text(raw, 0)), 0});
  }
  if (code == SQLITE_DONE && columns_.empty()) {
    reason_ = "the database has no table '" + table_ + "'; make one whose columns are keys with _ in place of .";
    return SQLITE_ERROR;
  }
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

void SqliteTable::close() {
  insert_.reset();
  columns_.clear();
  column_of_key_.clear();
  places_ = 0;
  if (database_ != nullptr) {
    sqlite3_close(database_);
    database_ = nullptr;
  }
}

int SqliteTable::run(const char* text) {
  return said(sqlite3_exec(database_, text, nullptr, nullptr, nullptr));
}

int SqliteTable::column_of(std::string_view name) {
  if (auto known = column_of_key_.find(name); known != column_of_key_.end()) {
    return known->second;
  }
  if (column_of_key_.size() >= most_names) {
    column_of_key_.clear();
  }
  std::string column(name);
  std::replace(column.begin(), column.end(), '.', '_');
  auto found = std::find_if(columns_.begin(), columns_.end(), [&](const Column& one) { return one.name == column; });
  int place = found == columns_.end() ? no_column : static_cast<int>(found - columns_.begin());
  column_of_key_.emplace(name, place);
  return place;
}

// COLD: a key has come that has a column, for the first time.
int SqliteTable::prepare() {
  std::string names;
  std::string values;
  std::vector<Column*> used(static_cast<size_t>(places_));
  for (Column& column : columns_) {
    if (column.place > 0) {
      used[static_cast<size_t>(column.place) - 1] = &column;
    }
  }
  bool has_id = false;
  for (const Column* column : used) {
    names += (names.empty() ? "" : ",") + quoted(column->name);
    values += values.empty() ? "?" : ",?";
    has_id = has_id || column->name == id_column;
  }
  std::string text = "INSERT INTO " + quoted(table_) + " ";
  text += used.empty() ? "DEFAULT VALUES" : "(" + names + ") VALUES (" + values + ")";
  sqlite3_stmt* raw = nullptr;
  if (has_id) {
    std::string once = text + " ON CONFLICT(\"stook_id\") DO NOTHING";
    (void)sqlite3_prepare_v2(database_, once.c_str(), -1, &raw, nullptr);  // takes a unique column
  }
  int code = raw != nullptr ? SQLITE_OK : said(sqlite3_prepare_v2(database_, text.c_str(), -1, &raw, nullptr));
  insert_.reset(raw);
  return code;
}

int SqliteTable::take_columns(std::string_view row) {
  NamedValues values(row);
  bool is_new = !insert_;
  for (NamedValue value; values.next(value);) {
    int at = column_of(value.name);
    if (at != no_column && columns_[static_cast<size_t>(at)].place == 0) {
      columns_[static_cast<size_t>(at)].place = ++places_;
      is_new = true;
    }
  }
  if (values.is_torn()) {
    reason_ = "the row is not one of the codec sqlite3";
    return SQLITE_MISMATCH;
  }
  return is_new ? prepare() : SQLITE_OK;
}

int SqliteTable::bind(std::string_view row) {
  sqlite3_stmt* statement = insert_.get();
  NamedValues values(row);
  int code = SQLITE_OK;
  for (NamedValue value; code == SQLITE_OK && values.next(value);) {
    int at = column_of(value.name);
    if (at == no_column) {
      continue;
    }
    int place = columns_[static_cast<size_t>(at)].place;
    auto size = static_cast<sqlite3_uint64>(value.bytes.size());
    switch (value.kind) {
      case 'i':
        code = sqlite3_bind_int64(statement, place, static_cast<sqlite3_int64>(value.bits));
        break;
      case 'r':
        code = sqlite3_bind_double(statement, place, std::bit_cast<double>(value.bits));
        break;
      case 't':
        code = sqlite3_bind_text64(statement, place, value.bytes.data(), size, SQLITE_STATIC, SQLITE_UTF8);
        break;
      case 'b':
        code = sqlite3_bind_blob64(statement, place, value.bytes.data(), size, SQLITE_STATIC);
        break;
      default:
        code = sqlite3_bind_null(statement, place);
        break;
    }
  }
  return said(code);
}

int SqliteTable::insert(std::string_view row) {
  int code = take_columns(row);
  if (code != SQLITE_OK) {
    return code;
  }
  code = bind(row);
  if (code == SQLITE_OK) {
    code = said(sqlite3_step(insert_.get()));
  }
  sqlite3_reset(insert_.get());
  sqlite3_clear_bindings(insert_.get());
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

}  // namespace stook
