// SPDX-License-Identifier: Apache-2.0
/// How a ForwardReader opens and ends messages, and what it answers.
#include <algorithm>

#include "core/data/endian.hh"
#include "core/data/object.hh"
#include "sources/forward/entry.hh"
#include "sources/forward/reader.hh"

namespace stook {

namespace {

constexpr size_t most_ping = 8 * 1024;
constexpr size_t most_options = 64 * 1024;
constexpr size_t most_awaited = 4096;
constexpr size_t most_tag = 1024;

/// The head of a string, of bytes or of an array.
struct CountedHead {
  enum class Form : uint8_t { String, Array, Other };
  Form form;
  /// 0: it is not all there.
  size_t size;
  uint64_t count;
};

CountedHead read_head(std::string_view bytes) {
  using Form = CountedHead::Form;
  auto tag = static_cast<uint8_t>(bytes[0]);
  if ((tag & 0xf0) == 0x90) {
    return {Form::Array, 1, tag & 0x0fu};
  }
  if ((tag & 0xe0) == 0xa0) {
    return {Form::String, 1, tag & 0x1fu};
  }
  bool is_bin = tag >= 0xc4 && tag <= 0xc6;
  bool is_str = tag >= 0xd9 && tag <= 0xdb;
  bool is_array = tag == 0xdc || tag == 0xdd;
  if (!is_bin && !is_str && !is_array) {
    return {Form::Other, 0, 0};
  }
  size_t width = is_array ? (tag == 0xdc ? 2 : 4) : size_t{1} << (is_bin ? tag - 0xc4 : tag - 0xd9);
  Form form = is_array ? Form::Array : Form::String;
  if (bytes.size() < 1 + width) {
    return {form, 0, 0};
  }
  const char* at = bytes.data() + 1;
  uint64_t count = width == 1 ? static_cast<uint8_t>(*at) : width == 2 ? big<uint16_t>(at) : big<uint32_t>(at);
  return {form, 1 + width, count};
}

}  // namespace

ForwardReader::Turn ForwardReader::take_ping() {
  std::string_view bytes = bytes_.view();
  if (!is_walking_) {
    walk_.begin(most_ping);
    is_walking_ = true;
    walked_ = 0;
  }
  Stride stride = walk_.go(bytes.substr(walked_));
  walked_ += stride.taken;
  if (stride.end != Stride::End::Whole) {
    return stride.end == Stride::End::Wrong ? wrong("no PING where the handshake has one") : Turn::Short;
  }
  ForwardVerdict verdict = judge_ping(bytes.substr(0, walked_), rules_.secrets, nonce_, auth_);
  answers_.answer(*this, verdict.pong);
  if (verdict.fault != nullptr) {
    return wrong(verdict.fault);
  }
  bytes_.take(walked_);
  is_walking_ = false;
  phase_ = Phase::Message;
  return Turn::Went;
}

ForwardReader::Turn ForwardReader::open_message() {
  using Form = CountedHead::Form;
  std::string_view bytes = bytes_.view();
  if (bytes.empty()) {
    return Turn::Short;
  }
  if (bytes[0] == '\xc0') {  // a heartbeat
    bytes_.take(1);
    return Turn::Went;
  }
  auto tag = static_cast<uint8_t>(bytes[0]);
  if (tag < 0x92 || tag > 0x94) {
    return wrong("a message that is no array of a tag, entries and options");
  }
  if (bytes.size() < 2) {
    return Turn::Short;
  }
  CountedHead name = read_head(bytes.substr(1));
  if (name.form != Form::String || name.count > most_tag) {
    return wrong("a tag that is no text of at most 1024 bytes");
  }
  size_t at = 1 + name.size + name.count;
  if (name.size == 0 || bytes.size() <= at) {
    return Turn::Short;
  }
  CountedHead body = read_head(bytes.substr(at));
  if (body.count > rules_.max_message) {
    return wrong("a message larger than max_message");
  }
  bool is_single = body.form == Form::Other;
  bool needs_first = body.form == Form::String && body.count > 0;  // it says whether they are packed
  if (!is_single && (body.size == 0 || (needs_first && bytes.size() <= at + body.size))) {
    return Turn::Short;
  }
  size_t values = tag & 0x0f;
  if (values < (is_single ? 3 : 2) || values > (is_single ? 4 : 3)) {
    return wrong("a message with too few or too many values");
  }
  has_options_ = values == (is_single ? 4 : 3);
  tag_.assign(bytes.substr(1 + name.size, name.count));
  run_tag_ = {};
  left_ = body.form == Form::String ? body.count : rules_.max_message;
  entries_ = body.form == Form::Array ? body.count : 0;
  phase_ = is_single ? Phase::Single : body.form == Form::Array ? Phase::Entries : Phase::Packed;
  if (needs_first && bytes[at + body.size] == '\x1f') {
    phase_ = Phase::Gzip;
    inflater_ = std::make_unique<ChunkInflater>();
  }
  bytes_.take(at + body.size);
  return Turn::Went;
}

ForwardReader::Turn ForwardReader::take_options() {
  std::string_view bytes = bytes_.view();
  if (!is_walking_) {
    walk_.begin(most_options);
    is_walking_ = true;
    walked_ = 0;
  }
  Stride stride = walk_.go(bytes.substr(walked_));
  walked_ += stride.taken;
  if (stride.end != Stride::End::Whole) {
    return stride.end == Stride::End::Wrong ? wrong(walk_.fault()) : Turn::Short;
  }
  ForwardOptions options = read_options(bytes.substr(0, walked_));
  if (options.fault != nullptr) {
    return wrong(options.fault);
  }
  Turn turn = end_message(options.chunk);
  bytes_.take(walked_);
  is_walking_ = false;
  return turn;
}

ForwardReader::Turn ForwardReader::end_message(std::string_view chunk) {
  phase_ = Phase::Message;
  if (chunk.empty()) {
    return Turn::Went;
  }
  if (chunks_.size() >= most_awaited) {
    return wrong("more chunks than 4096 wait for an answer");
  }
  chunks_.push_back({rows_, std::string(chunk)});
  acknowledge(final_rows_);
  return Turn::Went;
}

void ForwardReader::acknowledge(uint64_t rows) {
  final_rows_ = std::max(final_rows_, rows);
  std::string answers;
  while (!chunks_.empty() && chunks_.front().rows <= final_rows_) {
    const std::string& chunk = chunks_.front().chunk;
    std::string text(chunk.size() + 20, '\0');
    answers +=
        "\x81\xa3"
        "ack";
    answers.append(text.data(), put_cell(text.data(), Cell::of_text(chunk)));
    chunks_.pop_front();
  }
  if (!answers.empty()) {
    answers_.answer(*this, answers);
  }
}

/// The bundle that the next row goes to; null when the pool is empty.
Bundle* ForwardReader::bundle() {
  if (run_ != nullptr && run_->has_room() && run_->arena().used() < Feed::arena_budget) {
    return run_;
  }
  end_run();
  run_ = shape_->rows.feed().bundle(number_);
  run_first_ = run_ == nullptr ? 0 : run_->rows();
  run_tag_ = {};
  return run_;
}

/// Puts what is the same in all new rows of the bundle.
void ForwardReader::end_run() {
  if (run_ == nullptr || run_->rows() == run_first_) {
    return;
  }
  shape_->rows.put_time(*run_, run_first_);
  shape_->rows.put_peer(*run_, run_first_, *peer_);
  shape_->rows.feed().mark(number_, rows_, number_);
  run_first_ = run_->rows();
}

/// False: there is no bundle, or with a fault the entry is none.
bool ForwardReader::put(std::string_view bytes) {
  ForwardEntry entry = read_entry(bytes, phase_ == Phase::Single);
  if (entry.fault != nullptr) {
    (void)wrong(entry.fault);
    return false;
  }
  Bundle* to = bundle();
  if (to == nullptr) {
    return false;
  }
  const NetRows& rows = shape_->rows;
  Row row = to->append();
  if (Column* column = rows.column(*to, NetKey::Record)) {
    column->set(row, Cell::of_slice(Type::Object, to->arena().copy(entry.record)));
  }
  if (Column* column = rows.column(*to, NetKey::Tag)) {
    run_tag_ = run_tag_.data() == nullptr ? to->arena().copy(tag_) : run_tag_;
    column->set(row, Cell::of_text(run_tag_));
  }
  Column* time = rows.column(*to, NetKey::Time);
  if (time != nullptr && entry.time) {
    time->set(row, Cell::of_time(*entry.time));
  }
  if (rows.wants(NetKey::Id)) {
    rows.put_id(*to, row, number_, rows_);
  }
  rows_++;
  return true;
}

}  // namespace stook
