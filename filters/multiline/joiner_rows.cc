// SPDX-License-Identifier: Apache-2.0
/// What Joiner does with rows: where events go, what is copied out at the end of a bundle, and what is handed on in time.
#include <algorithm>

#include "filters/multiline/joiner.hh"

namespace stook {

/// An event that has its row. One of this bundle is written where its first line is; rows move later.
void Joiner::place(std::unique_ptr<Event> event) {
  is_kept_[event->row] = true;
  if (event->is_copied) {
    emitted_.push_back(std::move(event));
    return;
  }
  if (event->is_changed && texts_ != nullptr) {
    std::string_view text = event->text.view();
    texts_->set(event->first, Cell::of_text(event->text.is_owned() ? batch_->arena().copy(text) : text));
  }
  Column* truncated = event->is_truncated ? batch_->write(batch_->out(0)) : nullptr;
  if (truncated != nullptr) {
    truncated->set(event->first, Cell::of_boolean(true));
  }
  if (event->row != event->first) {
    moves_.push_back({event->first, event->row});
  }
  streams_.give(std::move(event));
}

void Joiner::finish() {
  batch_->meter().faults.add(judge_.take_limits());
  for (EventStream* stream : touched_) {
    if (Event* event = stream->event()) {
      copy_out(*event);
    }
  }
  move_rows();
  for (auto& event : emitted_) {
    clear_row(event->row);
    write_copy(*event, event->row);
    streams_.give(std::move(event));
  }
  // Rows that came in go, and others are there in their places.
  batch_->count_replaced(emitted_.size());
  emitted_.clear();
  batch_->take_if([&](Row row) { return !is_kept_[row]; });
  hold();
  forget_streams();
}

void Joiner::copy_out(Event& event) {
  event.has_row = false;
  if (event.is_copied) {
    return;
  }
  event.text.own();
  event.copy.take(*batch_, event.first, event.has_text ? batch_->in(0) : no_key);
  event.is_copied = true;
}

/// Within a stream each row moves to where a later one was, so the last one goes first.
void Joiner::move_rows() {
  if (moves_.empty()) {
    return;
  }
  for (size_t i = 0; i < batch_->keys().size(); i++) {
    KeyId id{static_cast<uint16_t>(i)};
    if (batch_->bundle().column(id) == nullptr) {
      continue;
    }
    Column& column = batch_->bundle().writable(id);
    for (auto move = moves_.rbegin(); move != moves_.rend(); ++move) {
      if (const Cell* cell = column.find(move->from)) {
        column.set(move->to, *cell);
      } else {
        column.clear(move->to);
      }
    }
  }
  moves_.clear();
}

void Joiner::clear_row(Row row) {
  for (size_t i = 0; i < batch_->keys().size(); i++) {
    KeyId id{static_cast<uint16_t>(i)};
    const Column* column = batch_->bundle().column(id);
    if (column != nullptr && column->has(row)) {
      batch_->bundle().writable(id).clear(row);
    }
  }
}

/// Writes an event that was copied out into an empty row. The payloads of this bundle answer for it from here on.
void Joiner::write_copy(Event& event, Row row) {
  event.copy.put(*batch_, row);
  if (event.has_text) {
    batch_->bundle().put(batch_->in(0), row, Cell::of_text(batch_->arena().copy(event.text.view())));
  }
  Column* truncated = event.is_truncated ? batch_->write(batch_->out(0)) : nullptr;
  if (truncated != nullptr) {
    truncated->set(row, Cell::of_boolean(true));
  }
  receipts_ -= event.receipts.size();
  for (Receipt* receipt : event.receipts) {
    batch_->release(receipt);
  }
  event.receipts.clear();
}

/// Hands a stream's event on in a row behind all others. False when the bundle is full.
bool Joiner::append(EventStream& stream) {
  Row row;
  if (stream.event() == nullptr) {
    return true;
  }
  if (!batch_->append(row)) {
    return false;
  }
  std::unique_ptr<Event>& event = stream.open ? stream.open : stream.waiting;
  write_copy(*event, row);
  streams_.give(std::move(event));
  return true;
}

void Joiner::forget_streams() {
  size_t rows = batch_->bundle().capacity() / 2;
  streams_.forget(std::min(max_streams, std::max<size_t>(rows, 1)),
                  [&](EventStream& stream) ROOM(worker) { return append(stream); });
  while (receipts_ > max_receipts) {
    EventStream* most = nullptr;
    for (size_t i = 0; i < streams_.size(); i++) {
      Event* event = streams_[i].event();
      bool is_more = event != nullptr && (most == nullptr || event->receipts.size() > most->event()->receipts.size());
      most = is_more ? &streams_[i] : most;
    }
    if (most->open) {
      cut(*most);
    }
    if (!append(*most)) {
      break;
    }
  }
}

/// Holds the bundle once for each event that has a line of it and is not complete.
void Joiner::hold() {
  for (EventStream* stream : touched_) {
    stream->is_touched = false;
    Event* event = stream->event();
    if (event != nullptr && event->is_touched) {
      event->is_touched = false;
      event->receipts.push_back(batch_->hold());
      receipts_++;
    }
  }
  touched_.clear();
}

void Joiner::tick(Batch& batch, int64_t now, bool is_last) {
  begin(batch);
  for (size_t i = 0; i < streams_.size(); i++) {
    EventStream& stream = streams_[i];
    Event* event = stream.event();
    if (event == nullptr) {
      continue;
    }
    event->seen_at = event->seen_at == 0 ? now : event->seen_at;
    event->fresh_at = event->is_fresh ? now : event->fresh_at;
    event->is_fresh = false;
    bool is_idle = is_last || stream.waiting || now - event->fresh_at >= config_.flush.ns;
    if (!is_idle && now - event->seen_at < max_age) {
      continue;
    }
    if (!is_idle) {
      cut(stream);
    } else if (stream.open) {
      stream.state = 0;
      stream.is_cut = false;
    }
    if (!append(stream)) {
      break;  // the next tick goes on
    }
  }
}

}  // namespace stook
