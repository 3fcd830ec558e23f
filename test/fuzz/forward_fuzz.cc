// SPDX-License-Identifier: Apache-2.0
/// Bytes of a peer through the reader of the forward protocol: in one piece and in small ones they make the same rows, the
/// same answers and the same fault, and whatever they are, memory is accounted for. The first byte says how large the pieces
/// are, how much a bundle holds, how long a record may be, and whether the reader asks for a key.
#include <errno.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "core/api/plugin.hh"
#include "core/data/schema.hh"
#include "core/net/connection.hh"
#include "sources/forward/reader.hh"

namespace {
using namespace stook;

constexpr NetKey keys[] = {NetKey::Tag, NetKey::Time,   NetKey::Record,  NetKey::RecvTime,
                           NetKey::Id,  NetKey::PeerIp, NetKey::PeerPort};

void demand(bool is_true) {
  if (!is_true) {
    std::abort();
  }
}

/// One bundle that is taken home each time it is full, and read into text.
class OneBundle final : public Feed {
 public:
  explicit OneBundle(size_t rows) {
    NetRows::declare(wiring_, keys);
    for (const Key& key : wiring_.writes) {
      ids_.push_back(schema_.add(key));
    }
    out_ = ids_;
    open_.resize(1, nullptr);
    bundle_.emplace(rows, rows, schema_.size());
  }
  void mark(uint64_t, uint64_t position, uint64_t) override { marked = std::max(marked, position); }
  void seal() override {
    if (open_[0] == nullptr) {
      return;
    }
    for (size_t row = 0; row < bundle_->rows(); row++) {
      for (size_t key : {0, 1, 2}) {  // tag, time, record
        const Column* column = bundle_->column(ids_[key]);
        const Cell* cell = column == nullptr ? nullptr : column->find(static_cast<Row>(row));
        text += cell == nullptr ? "-" : cell->is_slice() ? std::string(cell->bytes()) : std::to_string(cell->bits);
        text += '\n';
      }
      rows++;
    }
    bundle_->reset();
    open_[0] = nullptr;
  }
  void finish() override {}
  void lose(Loss, uint64_t) override { lost++; }
  void count_bytes(uint64_t) override {}
  Loop& loop() override { return loop_; }
  std::string_view id() const override { return "in"; }

  std::string text;
  uint64_t rows = 0;
  uint64_t lost = 0;
  uint64_t marked = 0;

 protected:
  /// Null each second time: a pool that is empty.
  Bundle* next_bundle(size_t) override {
    seal();
    is_empty_ = !is_empty_;
    open_[0] = is_empty_ ? nullptr : &*bundle_;
    return open_[0];
  }

 private:
  Wiring wiring_;
  KeySchema schema_;
  std::vector<KeyId> ids_;
  std::optional<Bundle> bundle_;
  Loop loop_{false};
  bool is_empty_ = true;
};

/// Each piece is a block of its own, so that the sanitizer sees every byte read beyond.
class Pieces final : public Receiver {
 public:
  Pieces(std::string_view bytes, size_t piece) : bytes_(bytes), piece_(piece) {}
  ssize_t receive(char* to, size_t size) override {
    size = std::min({size, piece_, bytes_.size() - at_});
    std::memcpy(to, bytes_.data() + at_, size);
    at_ += size;
    return static_cast<ssize_t>(size);
  }

 private:
  std::string_view bytes_;
  size_t piece_;
  size_t at_ = 0;
};

class Answers final : public ForwardAnswers {
 public:
  void answer(ForwardReader&, std::string_view bytes) override { text += bytes; }
  std::string text;
};

/// What became of the bytes.
struct FuzzedRead {
  std::string rows;
  std::string answers;
  std::string fault;
  uint64_t lost;
  friend bool operator==(const FuzzedRead&, const FuzzedRead&) = default;
};

FuzzedRead read_pieces(const ForwardRules& rules, std::string_view bytes, size_t piece, size_t bundle_rows) {
  OneBundle feed(bundle_rows);
  NetRows rows(keys);
  rows.attach(feed);
  StreamShape shape{{Framing::Lf, 256 * 1024}, rows};
  Peer peer;
  Answers answers;
  ForwardReader reader(rules, answers, nullptr);
  Pieces from(bytes, piece);
  using Step = RecordReader::Step;
  for (Step step = Step::Some; step == Step::Some || step == Step::Paused;) {
    step = reader.read(from, shape, peer, 1);
    demand(step != Step::Blocked && step != Step::Failed);
    demand((step == Step::Wrong) == (*reader.fault() != '\0'));
    demand(shape.buffered < (rules.max_record + (1 << 20)) * 4);
  }
  feed.seal();
  demand(feed.rows == 0 || feed.marked == feed.rows);
  reader.acknowledge(feed.rows);
  demand(!reader.is_awaited());
  reader.count_out(shape);
  demand(shape.buffered == 0);
  return {feed.text, answers.text, reader.fault(), feed.lost};
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) {
    return 0;
  }
  room::enter(room::front);
  ForwardRules rules;
  rules.max_record = (data[0] & 0x40) != 0 ? 64 : 4096;
  rules.max_message = 1 << 20;
  std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  size_t piece = size_t{1} << (data[0] & 7);
  size_t rows = (data[0] & 0x20) != 0 ? 1 : 64;
  if ((data[0] & 0x80) != 0) {
    // Its challenge differs each time, so that runs are not compared.
    rules.secrets.shared_key = "key";
    (void)read_pieces(rules, bytes, piece, rows);
    return 0;
  }
  FuzzedRead whole = read_pieces(rules, bytes, SIZE_MAX, 64);
  FuzzedRead pieces = read_pieces(rules, bytes, piece, rows);
  // Of a compressed chunk that breaks, small pieces show more entries before the fault.
  bool is_begin = whole.rows.starts_with(pieces.rows) || pieces.rows.starts_with(whole.rows);
  bool are_wrong = !whole.fault.empty() && !pieces.fault.empty();
  demand(whole == pieces || (are_wrong && is_begin));
  return 0;
}
