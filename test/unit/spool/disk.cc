// SPDX-License-Identifier: Apache-2.0
#include "disk.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace stook {

void ModelDisk::apply(const Change& change, std::string& bytes) {
  if (change.is_resize) {
    bytes.resize(change.offset);
    return;
  }
  bytes.resize(std::max<size_t>(bytes.size(), change.offset + change.bytes.size()));
  bytes.replace(change.offset, change.bytes.size(), change.bytes);
}

void ModelDisk::change(Node& node, Change what) {
  apply(what, node.seen);
  node.changes.push_back(std::move(what));
}

void ModelDisk::lose_power() {
  files_.clear();
  for (const std::string& path : changed_entries_) {
    if (random_() % 2 == 0) {
      continue;
    }
    auto found = seen_.find(path);
    if (found != seen_.end()) {
      durable_[path] = found->second;
    } else {
      durable_.erase(path);
    }
  }
  changed_entries_.clear();
  seen_ = durable_;
  for (auto& [path, node] : seen_) {
    std::shuffle(node->changes.begin(), node->changes.end(), random_);
    const uint64_t share = random_() % 4;  // none, some or all of the changes survive
    for (const Change& each : node->changes) {
      if (random_() % 3 >= share) {
        continue;
      }
      if (each.is_resize || random_() % 2 == 0) {
        apply(each, node->durable);
        continue;
      }
      for (size_t at = 0; at < each.bytes.size(); at += 512) {
        if (random_() % 2 == 0) {
          apply({each.offset + at, each.bytes.substr(at, 512), false}, node->durable);
        }
      }
    }
    node->changes.clear();
    node->seen = node->durable;
    node->locked_by = -1;
  }
}

void ModelDisk::kill() {
  for (auto& [path, node] : seen_) {
    node->locked_by = -1;
  }
  files_.clear();
}

std::string* ModelDisk::bytes(const std::string& path) {
  auto found = seen_.find(path);
  return found == seen_.end() ? nullptr : &found->second->seen;
}

void ModelDisk::flip(const std::string& path, uint64_t offset, char mask) {
  Node& node = *seen_.at(path);
  for (std::string* bytes : {&node.seen, &node.durable}) {
    if (offset < bytes->size()) {
      (*bytes)[offset] = static_cast<char>((*bytes)[offset] ^ mask);
    }
  }
  for (Change& each : node.changes) {
    if (!each.is_resize && offset >= each.offset && offset < each.offset + each.bytes.size()) {
      each.bytes[offset - each.offset] = static_cast<char>(each.bytes[offset - each.offset] ^ mask);
    }
  }
}

void ModelDisk::cut(const std::string& path, uint64_t size) {
  Node& node = *seen_.at(path);
  node.seen.resize(size);
  node.durable = node.seen;
  node.changes.clear();
}

void ModelDisk::remove(const std::string& path) {
  seen_.erase(path);
  durable_.erase(path);
}

std::vector<std::string> ModelDisk::paths() const {
  std::vector<std::string> paths;
  for (const auto& entry : seen_) {
    paths.push_back(entry.first);
  }
  return paths;
}

bool ModelDisk::is_due(int& countdown) {
  if (countdown < 0) {
    return false;
  }
  return countdown-- == 0;
}

uint64_t ModelDisk::used() const {
  uint64_t bytes = 0;
  for (const auto& entry : seen_) {
    bytes += entry.second->seen.size();
  }
  return bytes;
}

int ModelDisk::open(const std::string& path, How how) {
  auto found = seen_.find(path);
  if (found == seen_.end() && how == How::Read) {
    return -ENOENT;
  }
  if (found != seen_.end() && how == How::Create) {
    return -EEXIST;
  }
  if (found == seen_.end()) {
    found = seen_.emplace(path, std::make_shared<Node>()).first;
    changed_entries_.push_back(path);
  }
  files_[next_file_] = found->second;
  return next_file_++;
}

void ModelDisk::close(int file) {
  auto found = files_.find(file);
  if (found == files_.end()) {
    return;  // closed by the crash
  }
  if (found->second->locked_by == file) {
    found->second->locked_by = -1;
  }
  files_.erase(found);
}

ssize_t ModelDisk::read_at(int file, void* to, size_t size, uint64_t offset) {
  const std::string& bytes = files_.at(file)->seen;
  if (offset >= bytes.size()) {
    return 0;
  }
  const size_t count = std::min(size, bytes.size() - static_cast<size_t>(offset));
  std::memcpy(to, bytes.data() + offset, count);
  return static_cast<ssize_t>(count);
}

ssize_t ModelDisk::write_at(int file, const void* from, size_t size, uint64_t offset) {
  Node& node = *files_.at(file);
  const bool is_failing = is_due(fail_write);
  if (is_failing || (has_short_writes && size > 1 && random_() % 2 == 0)) {
    size = random_() % size;
    size += is_failing || size > 0 ? 0 : 1;
  }
  const uint64_t end = offset + size;
  if (end > node.seen.size() && used() + end - node.seen.size() > capacity) {
    return -ENOSPC;
  }
  if (size > 0) {
    change(node, {offset, std::string(static_cast<const char*>(from), size), false});
  }
  return is_failing ? fault : static_cast<ssize_t>(size);
}

int ModelDisk::sync(int file) {
  Node& node = *files_.at(file);
  syncs++;
  if (is_due(fail_sync)) {
    // As Linux does it: the pages are clean now, and no later sync brings them to the disk.
    node.changes.clear();
    return fault;
  }
  for (const Change& each : node.changes) {
    apply(each, node.durable);
  }
  node.changes.clear();
  return 0;
}

int ModelDisk::sync_folder(const std::string&) {
  for (const std::string& path : changed_entries_) {
    auto found = seen_.find(path);
    if (found == seen_.end()) {
      durable_.erase(path);
    } else {
      durable_[path] = found->second;
    }
  }
  changed_entries_.clear();
  return 0;
}

int ModelDisk::reserve(int file, uint64_t size) {
  Node& node = *files_.at(file);
  if (size <= node.seen.size()) {
    return 0;
  }
  if (used() + size - node.seen.size() > capacity) {
    return -ENOSPC;
  }
  change(node, {size, {}, true});
  return 0;
}

int ModelDisk::truncate(int file, uint64_t size) {
  change(*files_.at(file), {size, {}, true});
  return 0;
}

int64_t ModelDisk::size(int file) {
  return static_cast<int64_t>(files_.at(file)->seen.size());
}

int ModelDisk::rename(const std::string& from, const std::string& to) {
  auto found = seen_.find(from);
  if (found == seen_.end() || seen_.count(to) != 0) {
    return found == seen_.end() ? -ENOENT : -EEXIST;
  }
  changed_entries_.push_back(from);
  changed_entries_.push_back(to);
  seen_[to] = found->second;
  seen_.erase(from);
  return 0;
}

int ModelDisk::unlink(const std::string& path) {
  changed_entries_.push_back(path);
  return seen_.erase(path) == 1 ? 0 : -ENOENT;
}

int ModelDisk::make_folder(const std::string&) {
  return 0;
}

int ModelDisk::list(const std::string& path, std::vector<std::string>& names) {
  for (const auto& entry : seen_) {
    const std::string& each = entry.first;
    if (each.rfind(path + "/", 0) == 0 && each.find('/', path.size() + 1) == std::string::npos) {
      names.push_back(each.substr(path.size() + 1));
    }
  }
  std::shuffle(names.begin(), names.end(), random_);
  return 0;
}

int ModelDisk::lock(int file) {
  Node& node = *files_.at(file);
  if (node.locked_by >= 0 && node.locked_by != file) {
    return -EAGAIN;
  }
  node.locked_by = file;
  return 0;
}

int ModelDisk::is_locked(int file) {
  return files_.at(file)->locked_by >= 0 ? 1 : 0;
}

int ModelDisk::space(const std::string&, DiskSpace& space) {
  const uint64_t taken = used();
  space = {capacity, capacity > taken ? capacity - taken : 0};
  return 0;
}

void ModelDisk::random(unsigned char* to) {
  for (size_t i = 0; i < 16; i++) {
    to[i] = static_cast<unsigned char>(random_());
  }
}

}  // namespace stook
