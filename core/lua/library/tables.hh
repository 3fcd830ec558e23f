// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Files that scripts look things up in: read once for all scripts of the process, and again when they change.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace stook {

/// What a file of that kind holds. Csv: rows, the first of them names; Msgpack: one map; Mmdb: MaxMind's format.
enum class TableKind : uint8_t { Csv, Msgpack, Mmdb };

/// One version of a file, constant once read.
class LookupTable {
 public:
  virtual ~LookupTable() = default;
  /// Appends the msgpack of what the key stands for. False: nothing. May throw std::bad_alloc.
  [[nodiscard]] virtual bool find(std::string_view key, std::string& msgpack) const = 0;
  /// How many keys there are; 0 where nobody knows.
  virtual size_t size() const = 0;
};

/// Each reads a file. Throws std::invalid_argument with one sentence.
std::unique_ptr<LookupTable> read_csv_table(const std::string& path, std::string_view key);
std::unique_ptr<LookupTable> read_msgpack_table(const std::string& path);
std::unique_ptr<LookupTable> read_mmdb_table(const std::string& path);
/// The bytes of a regular file of at most 256 MiB. Throws std::invalid_argument.
std::string read_table_file(const std::string& path);

/// A file in use. A change is taken when the file has looked the same twice, and only when it can be read; else what was
/// read before stays. *Rooms:* any thread asks; the thread of the tables, or a test, looks at the files.
class TableFile {
 public:
  /// The file, shared by all who ask for the same. Throws std::invalid_argument.
  static std::shared_ptr<TableFile> open(TableKind kind, const std::string& path, const std::string& key);
  TableFile(TableKind kind, std::string path, std::string key);
  TableFile(const TableFile&) = delete;
  TableFile& operator=(const TableFile&) = delete;

  /// Counts the versions that were read; when it differs from before, `table` gives another one.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  std::shared_ptr<const LookupTable> table() const;

  /// Looks whether the file has changed, and reads it.
  void look();

 private:
  struct Seen {
    uint64_t device = 0;
    uint64_t inode = 0;
    int64_t size = -1;
    int64_t changed = 0;
    friend bool operator==(const Seen&, const Seen&) = default;
  };
  Seen see() const;
  std::unique_ptr<LookupTable> read() const;
  bool is_same(TableKind kind, const std::string& path, const std::string& key) const {
    return kind == kind_ && path == path_ && key == key_;
  }

  TableKind kind_;
  std::string path_;
  std::string key_;
  Seen taken_;  // of the version in use, or of the one that could not be read
  Seen last_;   // at the last look
  // Held for as long as a pointer is copied: by the thread of the tables, and by replicas after a change.
  mutable std::mutex lock_;
  std::shared_ptr<const LookupTable> table_;  // shared by the replicas that look things up
  // Written by who looks, read by replicas; released behind the table.
  std::atomic<uint64_t> version_{1};
};

/// The files that were opened until now, each once.
std::vector<std::string> opened_tables();

/// Looks at all files now, as the thread of the tables does each second.
void look_at_tables();

}  // namespace stook
