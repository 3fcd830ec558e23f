// SPDX-License-Identifier: Apache-2.0
/// A disk in memory that forgets: what is not synced may survive a power loss in part and in any order.
#pragma once

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/spool/io.hh"

namespace stook {

/// Files of one process on one disk. Each write, resize, creation and removal is remembered until it is synced.
class ModelDisk final : public SpoolIo {
 public:
  explicit ModelDisk(uint64_t seed) : random_(seed) {}

  /// The power goes: of what is not synced any subset survives, writes in pieces of 512 bytes. All files are closed.
  void lose_power();
  /// The process is killed: all files are closed, nothing else is lost.
  void kill();
  /// The bytes of a file as a process sees them; null when there is none. Changes are made as if on the disk itself.
  std::string* bytes(const std::string& path);
  /// Changes a byte on the disk.
  void flip(const std::string& path, uint64_t offset, char mask);
  void cut(const std::string& path, uint64_t size);
  void remove(const std::string& path);
  std::vector<std::string> paths() const;

  // Faults. Each counts down at its call, and fails it when it reaches 0; -1: never.
  int fail_sync = -1;
  int fail_write = -1;
  bool has_short_writes = false;
  int fault = -5;  // EIO
  uint64_t capacity = uint64_t{1} << 40;
  int64_t now = 1'000'000'000;
  uint64_t syncs = 0;

  int open(const std::string& path, How how) override;
  void close(int file) override;
  ssize_t read_at(int file, void* to, size_t size, uint64_t offset) override;
  ssize_t write_at(int file, const void* from, size_t size, uint64_t offset) override;
  int sync(int file) override;
  int sync_folder(const std::string& path) override;
  int reserve(int file, uint64_t size) override;
  int truncate(int file, uint64_t size) override;
  int64_t size(int file) override;
  int rename(const std::string& from, const std::string& to) override;
  int unlink(const std::string& path) override;
  int make_folder(const std::string& path) override;
  int list(const std::string& path, std::vector<std::string>& names) override;
  int lock(int file) override;
  int is_locked(int file) override;
  int space(const std::string& path, DiskSpace& space) override;
  int64_t monotonic_ns() override { return now; }
  int64_t wall_ns() override { return now + 1'700'000'000'000'000'000; }
  void random(unsigned char* to) override;

 private:
  /// A write, or with `is_resize` a new size.
  struct Change {
    uint64_t offset;
    std::string bytes;
    bool is_resize;
  };
  struct Node {
    std::string seen;
    std::string durable;
    std::vector<Change> changes;
    int locked_by = -1;
  };
  using Entries = std::map<std::string, std::shared_ptr<Node>>;
  static void apply(const Change& change, std::string& bytes);
  void change(Node& node, Change what);
  uint64_t used() const;
  bool is_due(int& countdown);

  Entries seen_;
  Entries durable_;
  std::vector<std::string> changed_entries_;
  std::map<int, std::shared_ptr<Node>> files_;
  int next_file_ = 3;
  std::mt19937_64 random_;
};

}  // namespace stook
