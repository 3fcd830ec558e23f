// SPDX-License-Identifier: Apache-2.0
/// A table of a database of SQLite, and rows that are inserted into it. Room: the sink's carrier.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace stook {

/// A column stands for the key that is called so with `.` where the column has `_`. Columns for which no row has had a
/// key yet keep their default; of others a row without the key leaves NULL. What has no column is left out. With a
/// unique column `stook_id`, a row whose id is there already is passed over.
///
/// *Invariants:* while a transaction is open, all its rows are in, or none. Answers are those of sqlite3: 0 is good.
/// *Rooms:* its carrier.
class SqliteTable {
 public:
  SqliteTable() = default;
  SqliteTable(const SqliteTable&) = delete;
  SqliteTable& operator=(const SqliteTable&) = delete;
  ~SqliteTable() { close(); }

  /// `patience`: ms to wait for who else writes. A database or table that is not there is an answer, too.
  int open(const std::string& path, const std::string& table, int patience);
  void close();
  bool is_open() const { return database_ != nullptr; }

  int begin() { return run("BEGIN IMMEDIATE"); }
  int commit() { return run("COMMIT"); }
  void roll_back() { (void)run("ROLLBACK"); }
  /// Inserts a row of the codec.
  int insert(std::string_view row);
  /// What went wrong last, in words.
  std::string reason() const { return reason_; }

 private:
  struct Column {
    std::string name;
    int place = 0;  // in the statement, from 1 on; 0: not in it yet
  };
  struct Close {
    void operator()(sqlite3_stmt* statement) const;
  };
  static constexpr int no_column = -1;

  int read_columns();
  int prepare();
  int run(const char* text);
  int column_of(std::string_view name);
  int take_columns(std::string_view row);
  int bind(std::string_view row);
  int said(int code);

  sqlite3* database_ = nullptr;
  std::unique_ptr<sqlite3_stmt, Close> insert_;
  std::string table_;
  std::vector<Column> columns_;
  std::map<std::string, int, std::less<>> column_of_key_;
  int places_ = 0;
  std::string reason_;
};

}  // namespace stook
