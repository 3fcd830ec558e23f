// SPDX-License-Identifier: Apache-2.0
#include "core/tool/letter_replay.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "core/api/letter_shelf.hh"
#include "core/run/delivery.hh"

namespace stook {

namespace {
/// How many letters are noted as delivered at once.
constexpr size_t notes_most = 256;

/// One delivery, and the letters that it has in hand.
class Replay {
 public:
  Replay(const Instance& sink, Replayed& result)
      : sink_(sink), result_(result), delivery_(sink, meter_, [this](Payload* payload, Fate fate) {
          fate == Fate::Done ? result_.delivered++ : result_.refused++;
          if (fate == Fate::Done) {
            notes_->add(payload->sequence);
          }
        }) {}

  void open() ROOM(carrier) { delivery_.open(); }
  void close() ROOM(carrier) { delivery_.close(); }

  void replay(const std::string& path) ROOM(carrier) {
    LetterScroll scroll(path);
    notes_ = std::make_unique<LetterNotes>(path);
    Letter letter;
    while (scroll.next(letter)) {
      if (letter.format != sink_.codec->name) {
        result_.other_format++;
        result_.format = letter.format;
        continue;
      }
      take(letter, scroll.offset());
      if (in_hand_.size() == notes_most) {
        finish();
      }
    }
    finish();
    result_.unreadable += scroll.unreadable();
    notes_.reset();
    remove_when_done(path);
  }

 private:
  void take(const Letter& letter, uint64_t offset) ROOM(carrier) {
    in_hand_.push_back(std::make_unique<Payload>());
    Payload& payload = *in_hand_.back();
    payload.sequence = offset;
    payload.sealed_at = monotonic_ns();
    payload.begin_part(letter.address);
    payload.append(letter.bytes);
    if (letter.rows == 1) {
      payload.end_row();
    }
    payload.count_rows(letter.rows);
    delivery_.take(&payload);
  }

  void finish() ROOM(carrier) {
    while (!delivery_.is_idle()) {
      if (delivery_.serve()) {
        continue;
      }
      int64_t pause = std::clamp<int64_t>(delivery_.wake_at() - monotonic_ns(), 0, 1'000'000'000);
      timespec some{pause / 1'000'000'000, pause % 1'000'000'000};
      ::nanosleep(&some, nullptr);
    }
    notes_->flush();
    in_hand_.clear();
  }

  const Instance& sink_;
  Replayed& result_;
  SinkMeter meter_;
  std::vector<std::unique_ptr<Payload>> in_hand_;
  std::unique_ptr<LetterNotes> notes_;
  Delivery delivery_;
};
}  // namespace

Replayed replay_letters(const std::string& folder, const Instance& sink) {
  Fd lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    throw SetupError(!lock ? "open folder " + folder : "folder " + folder + " is being replayed by another process",
                     lock ? 0 : errno);
  }
  Instance as_is = sink;
  as_is.letters.clear();  // what is refused again is a letter already
  Replayed result;
  Replay replay(as_is, result);
  replay.open();
  for (const LetterFile& file : letter_files(folder)) {
    replay.replay(file.path);
  }
  replay.close();
  return result;
}

}  // namespace stook
