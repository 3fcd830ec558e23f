// SPDX-License-Identifier: Apache-2.0
#include "core/api/letter_box.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/base/clock.hh"
#include "core/base/status.hh"

namespace stook {

namespace {
constexpr uint64_t file_least = 4 << 10;
constexpr uint64_t file_most = 16 << 20;
/// How often a full folder is looked at again: somebody may have taken letters away.
constexpr int64_t measure_every = 1'000'000'000;

// As mkdir -p. False: errno says why.
bool make_folder(const std::string& folder) {
  for (size_t at = folder.find('/', 1);; at = folder.find('/', at + 1)) {
    if (::mkdir(folder.substr(0, at).c_str(), 0700) != 0 && errno != EEXIST) {
      return false;
    }
    if (at == std::string::npos) {
      return true;
    }
  }
}
}  // namespace

LetterBox::~LetterBox() {
  close();
}

void LetterBox::measure() {
  is_measured_ = true;
  measured_at_ = monotonic_ns();
  total_ = 0;
  try {
    for (const LetterFile& file : letter_files(folder_)) {
      total_ += file.size;
    }
  } catch (const SetupError&) {
    // The folder cannot be read: writing to it fails as well, and says why.
  }
}

bool LetterBox::has_room(uint64_t size) {
  auto fits = [&] { return total_ + waiting_.size() + size <= most_; };
  if (!is_measured_ || (!fits() && monotonic_ns() - measured_at_ >= measure_every)) {
    measure();
  }
  return fits();
}

bool LetterBox::put(const Letter& letter) {
  std::string line = show_letter(letter);
  if (!has_room(line.size())) {
    return false;
  }
  waiting_ += line;
  return true;
}

bool LetterBox::fail(const std::string& what) {
  reason_ = what + ": " + std::strerror(errno);
  return false;
}

bool LetterBox::open() {
  if (!make_folder(folder_)) {
    return fail("make folder " + folder_);
  }
  std::vector<LetterFile> files;
  try {
    files = letter_files(folder_);
  } catch (const SetupError& error) {
    reason_ = error.what();
    return false;
  }
  char name[32];
  std::snprintf(name, sizeof name, "/%08llu.jsonl",
                static_cast<unsigned long long>(files.empty() ? 1 : files.back().number + 1));
  path_ = folder_ + name;
  fd_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd_) {
    return fail("open " + path_);
  }
  size_ = 0;
  (void)::flock(fd_.get(), LOCK_EX | LOCK_NB);  // nobody else knows the file yet
  Fd folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) {
    fail("sync folder " + folder_);
    close();
    return false;
  }
  return true;
}

void LetterBox::close() {
  if (fd_ && size_ == 0) {
    ::unlink(path_.c_str());
  }
  fd_.reset();
}

bool LetterBox::write_waiting() {
  for (size_t done = 0; done < waiting_.size();) {
    ssize_t wrote = ::write(fd_.get(), waiting_.data() + done, waiting_.size() - done);
    if (wrote < 0 && errno != EINTR) {
      return fail("write " + path_);
    }
    done += wrote > 0 ? static_cast<size_t>(wrote) : 0;
  }
  // After a failed sync nobody knows what is on the disk: that file is left alone from then on.
  return ::fdatasync(fd_.get()) == 0 || fail("sync " + path_);
}

bool LetterBox::flush() {
  if (waiting_.empty()) {
    return true;
  }
  if (fd_ && size_ >= std::clamp(most_ / 16, file_least, file_most)) {
    fd_.reset();
  }
  if (!fd_ && !open()) {
    return false;
  }
  if (!write_waiting()) {
    (void)!::ftruncate(fd_.get(), static_cast<off_t>(size_));
    close();
    return false;
  }
  size_ += waiting_.size();
  total_ += waiting_.size();
  waiting_.clear();
  return true;
}

}  // namespace stook
