// SPDX-License-Identifier: Apache-2.0
#include "filters/multiline/joiner.hh"

#include "core/data/backslash.hh"

namespace stook {

namespace {

/// `2026-11-21T03:38:00.123456789Z stdout F text`: how many bytes its time takes, or 0 when the line is none.
size_t cri_time_size(std::string_view line) {
  size_t blank = line.find(' ');
  return blank == std::string_view::npos || blank < 20 ? 0 : blank;
}

bool is_text(const Cell* cell) {
  return cell != nullptr && (cell->type == Type::Text || cell->type == Type::Bytes) && cell->data != nullptr;
}

bool is_same(const Cell& a, const Cell& b) {
  return a.type == b.type && a.bits == b.bits && a.size == b.size;
}

}  // namespace

Joiner::Joiner(const MultilineConfig& config)
    : config_(config), judge_(config), times_("iso8601"), by_(config.by.size()), last_by_(config.by.size()) {
  if (config.rule != Rule::Docker && config.rule != Rule::Cri) {
    separator_.resize(config.separator.size());
    separator_.resize(static_cast<size_t>(undo_backslashes(separator_.data(), config.separator) - separator_.data()));
  }
}

void Joiner::run(Batch& batch) {
  begin(batch);
  for (Row row : batch.rows()) {
    take(row);
  }
  finish();
}

void Joiner::begin(Batch& batch) {
  batch_ = &batch;
  texts_ = batch.write(batch.in(0));
  truncated_ = batch.read(batch.in(1));
  for (size_t i = 0; i < by_.size(); i++) {
    by_[i] = batch.read(batch.in(2 + i));
  }
  if (config_.rule == Rule::Cri) {
    cri_time_ = batch.write(batch.out(1));
    cri_stream_ = batch.write(batch.out(2));
  }
  last_ = nullptr;
  is_kept_.fill(false);
}

void Joiner::read_cri(Line& line) {
  size_t blank = cri_time_size(line.text);
  std::string_view rest = line.text.substr(blank == 0 ? line.text.size() : blank + 1);
  bool is_known = rest.starts_with("stdout ") || rest.starts_with("stderr ");
  if (!is_known || rest.size() < 8 || (rest[7] != 'P' && rest[7] != 'F')) {
    return;
  }
  size_t end = rest.find(' ', 7);  // tags are divided by colons
  if (cri_time_ != nullptr) {
    TimeText time = times_.read_all(line.text.substr(0, blank));
    line.time = time ? Cell::of_time(time.ns) : Cell{};
  }
  line.part = rest[7];
  line.side = rest[3];
  line.stream = rest[3] == 'o' ? "stdout" : "stderr";
  line.text = end == std::string_view::npos ? std::string_view("") : rest.substr(end + 1);
  line.is_changed = true;
}

Joiner::Line Joiner::line_of(Row row) {
  Line line;
  const Cell* cell = texts_ == nullptr ? nullptr : texts_->find(row);
  line.has_text = is_text(cell);
  if (line.has_text) {
    line.text = cell->bytes();
    if (config_.rule == Rule::Cri) {
      read_cri(line);
    }
  }
  return line;
}

/// Rows of one stream mostly come in a run, and their cells are then the same to the pointer.
EventStream& Joiner::stream_of(Row row, char side) {
  bool is_last = last_ != nullptr && side == last_side_;
  for (size_t i = 0; i < by_.size(); i++) {
    const Cell* cell = by_[i] == nullptr ? nullptr : by_[i]->find(row);
    Cell value = cell == nullptr ? Cell::of_word(Type::Mixed, 0) : *cell;
    is_last = is_last && is_same(value, last_by_[i]);
    last_by_[i] = value;
  }
  if (is_last) {
    return *last_;
  }
  last_side_ = side;
  key_.assign(1, side);
  for (const Cell& cell : last_by_) {
    key_.push_back(static_cast<char>(cell.type));
    if (cell.is_slice()) {
      key_.append(reinterpret_cast<const char*>(&cell.size), sizeof cell.size);
      key_.append(cell.bytes());
    } else {
      key_.append(reinterpret_cast<const char*>(&cell.bits), sizeof cell.bits);
    }
  }
  last_ = &streams_.find(key_);
  return *last_;
}

LineVerdict Joiner::judge(const Line& line, uint8_t state) {
  if (!line.has_text || (config_.rule == Rule::Cri && line.part == 0)) {
    return {{Turn::Alone, 0}};
  }
  if (config_.rule == Rule::Cri) {
    return {line.part == 'P' ? Judged{Turn::Follows, 1} : Judged{state == 0 ? Turn::Alone : Turn::Ends, 0}};
  }
  return judge_.judge(line.text, state);
}

void Joiner::take(Row row) {
  Line line = line_of(row);
  EventStream& stream = stream_of(row, line.side);
  stream.used = ++lines_;
  if (!stream.is_touched) {
    stream.is_touched = true;
    touched_.push_back(&stream);
  }
  LineVerdict verdict = judge(line, stream.state);
  if (config_.rule == Rule::Docker && line.text.ends_with('\n')) {
    line.text.remove_suffix(1);
    line.is_changed = true;
  }
  stream.state = verdict.judged.state;
  bool is_further = verdict.judged.turn == Turn::Follows || verdict.judged.turn == Turn::Ends;
  if (is_further && take_further(stream, row, line, verdict)) {
    return;
  }
  bool is_orphan = is_further && stream.is_cut;
  stream.is_cut = is_orphan && verdict.judged.turn != Turn::Ends;
  take_first(stream, row, line, verdict, is_orphan);
}

bool Joiner::fits(const Event& event, const Line& line) const {
  return event.lines < static_cast<size_t>(config_.max_lines) &&
         event.text.size_with(line.text, separator_) <= config_.max_bytes.bytes;
}

/// A line that belongs to the open event. False when there is none, or when it is full, and is cut then.
bool Joiner::take_further(EventStream& stream, Row row, const Line& line, const LineVerdict& verdict) {
  if (stream.is_cut || !stream.open) {
    return false;
  }
  Event& event = *stream.open;
  if (!fits(event, line)) {
    cut(stream);
    return false;
  }
  if (!event.has_row) {
    event.has_row = true;
    event.row = row;
  }
  add(event, line, verdict, row);
  if (verdict.judged.turn == Turn::Ends) {
    complete(stream);
  }
  return true;
}

/// A line that opens an event. What was open is complete, and has the first claim to the row.
void Joiner::take_first(EventStream& stream, Row row, const Line& line, const LineVerdict& verdict, bool is_orphan) {
  if (stream.open) {
    complete(stream);
  }
  bool is_free = true;
  if (stream.waiting) {
    stream.waiting->has_row = true;
    stream.waiting->row = row;
    place(std::move(stream.waiting));
    is_free = false;
  }
  stream.open = streams_.take();
  Event& event = *stream.open;
  event.first = event.row = row;
  event.has_row = is_free;
  event.has_text = line.has_text;
  event.is_truncated = is_orphan;
  if (cri_time_ != nullptr && line.time.type == Type::Time) {
    cri_time_->set(row, line.time);
  }
  if (cri_stream_ != nullptr && line.part != 0) {
    cri_stream_->set(row, Cell::of_text(line.stream));
  }
  add(event, line, verdict, row);
  if (is_orphan || verdict.judged.turn == Turn::Alone || verdict.judged.turn == Turn::Ends) {
    complete(stream);
  }
}

void Joiner::add(Event& event, const Line& line, const LineVerdict& verdict, Row row) {
  bool is_left_out = (verdict.is_start && !config_.keep_start) || (verdict.is_end && !config_.keep_end);
  if (!is_left_out) {
    event.text.add(line.text, separator_);
  }
  event.is_changed = event.is_changed || event.lines > 0 || line.is_changed || is_left_out;
  event.lines++;
  event.is_fresh = true;
  event.is_touched = true;
  if (truncated_ != nullptr) {
    const Cell* cell = truncated_->find(row);
    event.is_truncated = event.is_truncated || (cell != nullptr && cell->type == Type::Boolean && cell->is_truth());
  }
}

/// The open event gets no more lines. It is placed, or waits for the next row of its stream.
void Joiner::complete(EventStream& stream) {
  if (stream.open->has_row) {
    place(std::move(stream.open));
  } else {
    stream.waiting = std::move(stream.open);
  }
}

void Joiner::cut(EventStream& stream) {
  stream.open->is_truncated = true;
  stream.is_cut = true;
  batch_->meter().faults.add(1);
}

}  // namespace stook
