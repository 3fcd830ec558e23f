// SPDX-License-Identifier: Apache-2.0
#include "sources/pcap/file.hh"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "sources/inflate.hh"

namespace stook {

bool PcapFile::open(const std::string& path) {
  close();
  fd_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!fd_ || fstat(fd_.get(), &status) != 0) {
    reason_ = std::strerror(errno);
    return false;
  }
  if (S_ISDIR(status.st_mode)) {
    reason_ = std::strerror(EISDIR);
    return false;
  }
  inode_ = inode_of(fd_.get(), status);
  is_polled_ = !S_ISREG(status.st_mode);
  bytes_ = is_polled_ ? make_bytes(Packing::None, fd_.get()) : bytes_of_file(fd_.get());
  if (!buffer_) {
    buffer_.reset(new char[room]);
  }
  return true;
}

void PcapFile::close() {
  bytes_.reset();
  fd_.reset();
  begin_ = 0;
  end_ = 0;
  skip_ = 0;
  position_ = 0;
  reader_ = PcapReader();
}

void PcapFile::drop(size_t size) {
  size_t here = std::min(size, end_ - begin_);
  begin_ += here;
  skip_ += size - here;
  position_ += size;
}

PcapFile::Fill PcapFile::fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  ssize_t got = bytes_->read(buffer_.get() + end_, std::min(most_read, room - end_));
  if (got < 0) {
    return errno == EAGAIN ? Fill::Blocked : Fill::Failed;
  }
  count_ += static_cast<uint64_t>(got);
  end_ += static_cast<size_t>(got);
  size_t skipped = static_cast<size_t>(std::min<uint64_t>(skip_, end_));
  begin_ = skipped;
  skip_ -= skipped;
  return got == 0 ? Fill::End : Fill::Some;
}

PcapFile::Step PcapFile::fail(std::string reason) {
  reason_ = std::move(reason);
  return Step::Failed;
}

PcapFile::Step PcapFile::next() {
  for (;;) {
    if (skip_ == 0) {
      PcapReader::Step step = reader_.next({buffer_.get() + begin_, end_ - begin_});
      if (step == PcapReader::Step::Packet) {
        return Step::Packet;
      }
      if (step == PcapReader::Step::Passed) {
        drop(reader_.used());
        continue;
      }
      if (step == PcapReader::Step::Broken) {
        return fail(reader_.reason());
      }
    }
    switch (fill()) {
      case Fill::Some:
        break;
      case Fill::Blocked:
        return Step::Blocked;
      case Fill::Failed:
        return fail(bytes_->reason());
      case Fill::End:
        return begin_ == end_ && skip_ == 0 && position_ > 0 ? Step::End
               : position_ == 0                              ? fail("shorter than the head of a capture file")
                                                             : fail("it ends within a packet");
    }
  }
}

}  // namespace stook
