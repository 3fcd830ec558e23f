// SPDX-License-Identifier: Apache-2.0
/// Floor 4. A member of a group whose members have different formats: it gets the group's rows in its own.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/sink.hh"
#include "core/run/recoder.hh"

namespace stook {

/// What is offered is msgpack; the sink behind it gets copies in its format, and pieces of the copies for pieces. A row that
/// its codec cannot write is refused by name, while the others are delivered.
/// *Invariants:* a copy stays the same payload until all of it is final, as the sink knows by it how far it got; those that
/// were used last are the last of copies_.
/// *Rooms:* the group's carrier.
class RecodedSink final : public Sink {
 public:
  /// Makes the sink behind it, given what stands at the head of its files.
  using MakeSink = std::function<std::unique_ptr<Sink>(std::string_view header)>;
  RecodedSink(const Instance& member, const std::vector<std::string>& meta_keys, const MakeSink& make);

  void open() override ROOM(carrier) { sink_->open(); }
  Outcome deliver(Shipment shipment) override ROOM(carrier);
  std::string reason() const override ROOM(carrier) { return is_unwritable_ ? unwritable_ : sink_->reason(); }
  int64_t retry_after() const override ROOM(carrier) { return sink_->retry_after(); }
  bool refuses_all() const override ROOM(carrier) { return !is_unwritable_ && sink_->refuses_all(); }
  std::span<const RefusedRow> refused_rows() const override ROOM(carrier) { return refused_; }
  size_t shipment_bytes() const override ROOM(carrier) { return sink_->shipment_bytes(); }
  void forget(Shipment shipment) override ROOM(carrier);
  void reopen() override ROOM(carrier) { sink_->reopen(); }
  int64_t next_time() override ROOM(carrier) { return sink_->next_time(); }
  void on_time(int64_t now) override ROOM(carrier) { sink_->on_time(now); }
  void close() override ROOM(carrier) { sink_->close(); }

 private:
  struct Copy {
    const Payload* whole = nullptr;
    uint32_t lane = 0;
    uint64_t sequence = 0;
    Payload payload;
    std::vector<size_t> lost;  // rows of the whole that are not in it
    bool is_of(const Payload& offered) const;
  };
  /// One offered payload: rows [begin, end) of the whole, counted from `first` on in the shipment. Its rows in the copy are
  /// counted from `inner` on in what the sink is offered.
  struct Stretch {
    const Copy* copy;
    size_t begin;
    size_t end;
    size_t first;
    size_t inner;
  };

  void recode(Shipment shipment) ROOM(carrier);
  std::vector<std::unique_ptr<Copy>>::iterator find(const Payload& offered) ROOM(carrier);
  Copy& copy_of(const Payload& offered) ROOM(carrier);
  void add(Copy& copy, size_t begin, size_t end, bool is_whole) ROOM(carrier);
  size_t outer_row(size_t inner) const ROOM(carrier);
  void name_refused(Shipment shipment) ROOM(carrier);
  void release(Shipment shipment) ROOM(carrier);

  Recoder recoder_;
  std::unique_ptr<Sink> sink_;
  std::string unwritable_;
  std::vector<std::unique_ptr<Copy>> copies_;
  std::vector<std::unique_ptr<Copy>> spare_;
  // Of the offer at hand.
  std::vector<Stretch> stretches_;
  std::vector<Payload*> inner_;
  std::deque<Payload> pieces_;
  size_t pieces_used_ = 0;
  std::vector<size_t> lost_;  // rows of the shipment
  std::vector<RefusedRow> refused_;
  bool is_unwritable_ = false;
};

}  // namespace stook
