// SPDX-License-Identifier: Apache-2.0
#include "sources/exec/output.hh"

#include <algorithm>
#include <utility>

#include "core/base/log.hh"

namespace stook {

void ProgramOutput::attach(Feed& feed, std::string id) {
  feed_ = &feed;
  id_ = std::move(id);
  reader_.attach(feed, stream_keys);
}

void ProgramOutput::open(Fd fd, pid_t pid) {
  fd_ = std::move(fd);
  pid_ = pid;
  bytes_ = std::make_unique<PlainBytes>(fd_.get());
  // The position goes on from run to run, as ids are made of it.
  state_.is_skipping = false;
  state_.is_after_partial = false;
  is_at_end_ = false;
  is_cut_ = false;
}

void ProgramOutput::label(size_t first, Bundle& bundle) {
  auto all = [&](size_t key, const Cell& cell) {
    KeyId id = feed_->out(key);
    for (size_t row = first; id != no_key && row < bundle.rows(); row++) {
      bundle.put(id, static_cast<Row>(row), cell);
    }
  };
  all(exec_stream, Cell::of_text(name_));
  all(exec_pid, Cell::of_unsigned(static_cast<uint64_t>(pid_)));
}

bool ProgramOutput::read() {
  using Step = LineReader::Step;
  // The reader asks for the same bundle, so its rows are those from here on.
  Bundle* bundle = feed_->bundle();
  if (bundle == nullptr) {
    return false;
  }
  size_t first = bundle->rows();
  LineOrigin origin{{}, 0, id_};
  if (!is_at_end_) {
    Step step = reader_.read(*bytes_, state_, origin);
    if (step == Step::Failed) {
      feed_->lose(Loss::Unreadable, 1);
      log_event(Level::Error, "exec_unreadable",
                Fields()("instance", feed_->id())("stream", name_)("reason", bytes_->reason()));
    }
    is_at_end_ = step == Step::End || step == Step::Failed || (step == Step::Blocked && is_cut_);
    label(first, *bundle);
    first = bundle->rows();
  }
  if (is_at_end_) {
    bundle = feed_->bundle();
    if (bundle == nullptr) {
      return false;
    }
    first = bundle->rows();
    if (!reader_.flush(state_, origin, false)) {
      return false;
    }
    label(first, *bundle);
    reader_.forget();
    fd_.reset();
    is_at_end_ = false;
    is_cut_ = false;
  }
  return true;
}

uint64_t ProgramOutput::abandon() {
  uint64_t lines = 0;
  bool has_rest = false;
  auto count = [&](std::string_view bytes) {
    lines += static_cast<uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
    has_rest = bytes.empty() ? has_rest : bytes.back() != '\n';
  };
  if (!state_.is_skipping) {
    count(reader_.pending_bytes());
  }
  // A pipe holds a mebibyte at the most; somebody may still be writing.
  char piece[16384];
  for (int i = 0; fd_ && i < 64; i++) {
    ssize_t got = ::read(fd_.get(), piece, sizeof piece);
    if (got <= 0) {
      break;
    }
    count({piece, static_cast<size_t>(got)});
  }
  reader_.forget();
  fd_.reset();
  return lines + (has_rest ? 1 : 0);
}

}  // namespace stook
