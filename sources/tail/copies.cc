// SPDX-License-Identifier: Apache-2.0
/// How Files tells a truncated file from its copy, and a copy from a log of its own.
#include <algorithm>

#include "core/base/log.hh"
#include "sources/tail/files.hh"

namespace stook {

/// Follows the copy from a place in the file it was made of. Null: it is read already.
Tailed* Files::adopt_copy(const FoundFile& copy, Tailed& file, const LinePlace& place, int64_t now) {
  auto known = open.find({copy.status.st_dev, copy.status.st_ino});
  Tailed* other = known == open.end() ? adopt(copy.path, true, now) : known->second.get();
  if (other == nullptr || other == &file || other->state.position != 0) {
    return nullptr;
  }
  other->state = place.state();
  other->acknowledged = place;
  other->is_fresh = false;
  other->held_until = 0;
  other->is_dirty = is_dirty_ = true;
  chain(*other, file);
  return other;
}

Tailed* Files::begin_again(Tailed& file, int64_t now) {
  static LogLimit limit;
  auto found = find_copy(file.where(), file.identity());
  Tailed* copy = found ? adopt_copy(*found, file, LinePlace::of(file.state), now) : nullptr;
  if (auto pass = limit.pass()) {
    log_event(Level::Notice, "file_truncated",
              Fields()("instance", id_)("path", file.path)("offset", file.state.position)(
                  "copy", copy != nullptr ? copy->where() : "")("suppressed", pass.suppressed));
  }
  file.former = file.identity();
  by_stream_.erase(file.stream);
  if (copy != nullptr) {
    // Rows that are on their way came from the file; what is acknowledged of them holds for the copy.
    by_stream_.erase(copy->stream);
    copy->stream = file.stream;
    copy->copy_of = file.copy_of.value_or(std::pair(file.inode, file.lives));
    by_stream_[copy->stream] = copy;
    copy->acknowledged = file.acknowledged;
    copy->head = file.head;
    copy->marker = file.marker;
  }
  new_stream(file);
  file.lives++;
  file.copy_of.reset();
  file.state = {};
  file.head = {};
  file.marker = {};
  file.acknowledged = {};
  file.partial_since = 0;
  return copy;
}

/// The followed files of which the file may be a rotated copy, by its name; those too that have been renamed since.
std::vector<Tailed*> Files::before_rotation(const Tailed& file) {
  std::vector<Tailed*> found;
  for (const std::string& name : names_before_rotation(file.path)) {
    struct stat status {};
    bool is_there = stat(name.c_str(), &status) == 0;
    auto known = is_there ? open.find({status.st_dev, status.st_ino}) : open.end();
    if (known != open.end() && known->second.get() != &file) {
      found.push_back(known->second.get());
    }
    if (!is_there && !file.is_unseen) {
      continue;
    }
    for (auto& [key, other] : open) {
      if (other->path == name && other.get() != &file) {
        found.push_back(other.get());
      }
    }
  }
  return found;
}

Tailed* Files::original_of(Tailed& file) {
  struct stat status {};
  if (fstat(file.fd.get(), &status) != 0 || status.st_size == 0) {
    return nullptr;
  }
  auto size = static_cast<uint64_t>(status.st_size);
  auto agrees = [&](Tailed* other) {
    if (other->state.position == 0 || !reach(*other)) {
      return false;
    }
    Fingerprint head = size >= other->head.length ? other->head : head_of(other->fd.get(), size);
    uint64_t at = std::min(size, other->state.position);
    Fingerprint marker = at == other->state.position ? other->marker : marker_of(other->fd.get(), at);
    return head.length > 0 && marker.length > 0 && has_head(file.fd.get(), head) &&
           has_marker(file.fd.get(), at, marker);
  };
  std::vector<Tailed*> others = before_rotation(file);
  auto found = std::find_if(others.begin(), others.end(), agrees);
  return found == others.end() ? nullptr : *found;
}

bool Files::is_read_copy(Tailed& file) {
  struct stat status {};
  if (fstat(file.fd.get(), &status) != 0 || status.st_size == 0) {
    return false;
  }
  auto size = static_cast<uint64_t>(status.st_size);
  std::vector<Tailed*> others = before_rotation(file);
  return std::any_of(others.begin(), others.end(), [&](Tailed* other) {
    const Identity& former = other->former;
    return former.offset > size && former.head.length > 0 && size >= former.head.length &&
           has_head(file.fd.get(), former.head);
  });
}

bool Files::find_known(Tailed& packed, std::string_view head) {
  std::vector<Fingerprint> prefixes(1);
  for (char byte : head) {
    prefixes.push_back(extended(prefixes.back(), {&byte, 1}));
  }
  auto agrees = [&](const Identity& other) {
    return other.offset > 0 && other.head.length > 0 && other.head.length < prefixes.size() &&
           prefixes[other.head.length] == other.head;
  };
  for (auto& [key, file] : open) {
    if (file.get() != &packed && agrees(file->identity())) {
      packed.packed->known = file->identity();
      packed.packed->is_known_open = true;
      return true;
    }
  }
  // Of itself and of what it was made of, how far the later one was read counts.
  for (const auto& [inode, position] : positions_.by_inode) {
    if (agrees(position.identity) && position.identity.offset > packed.packed->known.offset) {
      packed.packed->known = position.identity;
    }
  }
  return packed.packed->known.offset > 0;
}

void Files::skip(Tailed& file) {
  struct stat status {};
  if (fstat(file.fd.get(), &status) != 0) {
    return;
  }
  file.state = {static_cast<uint64_t>(status.st_size), false, false};
  file.head = head_of(file.fd.get(), file.state.position);
  file.marker = marker_of(file.fd.get(), file.state.position);
  file.acknowledged = LinePlace::of(file.state);
  file.is_dirty = is_dirty_ = true;
}

}  // namespace stook
