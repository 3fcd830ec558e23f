// SPDX-License-Identifier: Apache-2.0
#include "core/lua/library/tables.hh"

#include <sys/stat.h>

#include <set>
#include <utility>

#include "core/base/log.hh"
#include "core/lua/library/each_second.hh"

namespace stook {

namespace {
/// The files in use, and the thread that looks at them.
class Library {
 public:
  static Library& instance() {
    static Library one;
    return one;
  }
  template <class Same>
  std::shared_ptr<TableFile> find(Same&& is_same) {
    std::lock_guard lock(lock_);
    for (const std::weak_ptr<TableFile>& known : files_) {
      std::shared_ptr<TableFile> file = known.lock();
      if (file != nullptr && is_same(*file)) {
        return file;
      }
    }
    return nullptr;
  }
  void add(const std::shared_ptr<TableFile>& file, const std::string& path) {
    std::lock_guard lock(lock_);
    files_.push_back(file);
    opened_.insert(path);
    each_second_.start();
  }
  std::vector<std::string> opened() {
    std::lock_guard lock(lock_);
    return {opened_.begin(), opened_.end()};
  }
  void look() {
    std::lock_guard one_at_a_time(looking_);
    std::vector<std::shared_ptr<TableFile>> files;
    {
      std::lock_guard lock(lock_);
      std::erase_if(files_, [](const std::weak_ptr<TableFile>& file) { return file.expired(); });
      for (const std::weak_ptr<TableFile>& file : files_) {
        files.push_back(file.lock());
      }
    }
    for (const std::shared_ptr<TableFile>& file : files) {
      if (file != nullptr) {
        file->look();
      }
    }
  }

 private:
  std::mutex looking_;  // of what a look remembers of each file
  std::mutex lock_;     // of the list
  std::vector<std::weak_ptr<TableFile>> files_;
  std::set<std::string> opened_;
  EachSecond each_second_{look_at_tables};
};
}  // namespace

TableFile::TableFile(TableKind kind, std::string path, std::string key)
    : kind_(kind), path_(std::move(path)), key_(std::move(key)) {
  taken_ = last_ = see();
  table_ = read();
}

std::shared_ptr<TableFile> TableFile::open(TableKind kind, const std::string& path, const std::string& key) {
  Library& library = Library::instance();
  if (auto known = library.find([&](const TableFile& file) { return file.is_same(kind, path, key); })) {
    return known;
  }
  auto file = std::make_shared<TableFile>(kind, path, key);
  library.add(file, path);
  return file;
}

std::shared_ptr<const LookupTable> TableFile::table() const {
  std::lock_guard lock(lock_);
  return table_;
}

TableFile::Seen TableFile::see() const {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) {
    return {};
  }
  return {status.st_dev, status.st_ino, status.st_size,
          int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

std::unique_ptr<LookupTable> TableFile::read() const {
  return kind_ == TableKind::Csv       ? read_csv_table(path_, key_)
         : kind_ == TableKind::Msgpack ? read_msgpack_table(path_)
                                       : read_mmdb_table(path_);
}

void TableFile::look() {
  Seen now = see();
  bool is_still = now == last_;
  last_ = now;
  if (!is_still || now == taken_ || now.size < 0) {
    return;
  }
  taken_ = now;
  try {
    std::shared_ptr<const LookupTable> table = read();
    size_t size = table->size();
    {
      std::lock_guard lock(lock_);
      table_.swap(table);
    }
    version_.fetch_add(1, std::memory_order_release);
    log_event(Level::Notice, "table_reloaded", Fields()("path", path_)("keys", uint64_t{size}));
  } catch (const std::exception& error) {
    log_event(Level::Error, "table_kept", Fields()("path", path_)("reason", std::string_view(error.what())));
  }
}

std::vector<std::string> opened_tables() {
  return Library::instance().opened();
}

void look_at_tables() {
  Library::instance().look();
}

}  // namespace stook
