// SPDX-License-Identifier: Apache-2.0
#include "core/api/letter_shelf.hh"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/status.hh"

namespace stook {

namespace {
std::string notes_of(const std::string& path) {
  return path.substr(0, path.rfind('.')) + ".done";
}

// The whole lines of a file; none when it is not there.
std::vector<std::string> whole_lines(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream file(path, std::ios::binary);
  for (std::string line; std::getline(file, line) && !file.eof();) {
    lines.push_back(line);
  }
  return lines;
}

[[noreturn]] void refuse(const std::string& what) {
  int error = errno;
  throw SetupError(what + ": " + std::strerror(error), error);
}
}  // namespace

std::vector<std::string> letter_folders(const std::string& folder) {
  if (!letter_files(folder).empty()) {
    return {folder};
  }
  DIR* open = ::opendir(folder.c_str());
  if (open == nullptr) {
    refuse("open folder " + folder);
  }
  std::vector<std::string> found;
  while (dirent* entry = ::readdir(open)) {
    if (entry->d_name[0] != '.') {
      found.push_back(folder + "/" + entry->d_name);
    }
  }
  ::closedir(open);
  std::erase_if(found, [](const std::string& path) {
    Fd inner(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return !inner || letter_files(path).empty();
  });
  std::sort(found.begin(), found.end());
  return found;
}

LetterScroll::LetterScroll(const std::string& path) : lines_(path, std::ios::binary) {
  if (!lines_) {
    refuse("open " + path);
  }
  for (const std::string& line : whole_lines(notes_of(path))) {
    char* end = nullptr;
    uint64_t offset = std::strtoull(line.c_str(), &end, 10);
    if (!line.empty() && *end == 0) {
      done_.insert(offset);
    }
  }
}

bool LetterScroll::next(Letter& letter) {
  for (std::string line; std::getline(lines_, line) && !lines_.eof();) {
    offset_ = next_;
    next_ += line.size() + 1;
    std::string why;
    if (done_.count(offset_) != 0) {
      continue;
    }
    if (read_letter(line, letter, why)) {
      return true;
    }
    unreadable_++;
  }
  return false;
}

LetterNotes::LetterNotes(const std::string& path) : path_(notes_of(path)) {
  // A torn note becomes a line of its own, so that the next one is whole.
  std::ifstream former(path_, std::ios::binary | std::ios::ate);
  if (former && former.tellg() > 0) {
    former.seekg(-1, std::ios::end);
    waiting_ = former.get() == '\n' ? "" : "-\n";
  }
}

void LetterNotes::flush() {
  if (waiting_.empty()) {
    return;
  }
  if (!fd_) {
    fd_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  }
  if (!fd_) {
    refuse("open " + path_);
  }
  while (!waiting_.empty()) {
    ssize_t wrote = ::write(fd_.get(), waiting_.data(), waiting_.size());
    if (wrote < 0 && errno != EINTR) {
      refuse("write " + path_);
    }
    waiting_.erase(0, wrote > 0 ? static_cast<size_t>(wrote) : 0);
  }
  if (::fdatasync(fd_.get()) != 0) {
    refuse("sync " + path_);
  }
}

void remove_when_done(const std::string& path) {
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file || ::flock(file.get(), LOCK_SH | LOCK_NB) != 0) {
    return;  // a daemon still writes to it
  }
  LetterScroll scroll(path);
  Letter letter;
  if (!scroll.next(letter) && scroll.unreadable() == 0) {
    ::unlink(path.c_str());
    ::unlink(notes_of(path).c_str());
  }
}

}  // namespace stook
