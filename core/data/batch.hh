// SPDX-License-Identifier: Apache-2.0
/// Floor 1. What an element sees: a bundle, the rows that are alive, and its own keys.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/meter.hh"
#include "core/data/bundle.hh"
#include "core/data/receipt.hh"
#include "core/data/schema.hh"
#include "core/data/selection.hh"

namespace stook {

/// Where an element's declared keys are: `in[i]` is the KeyId of its i-th declared read, `out[j]` of its j-th write.
/// no_key: an optional read that nobody writes, or a write that nobody reads.
struct Binding {
  std::span<const KeyId> in;
  std::span<const KeyId> out;
};

/// What one element did on one worker. One writer: that worker.
/// Conservation: rows_in + appended = rows_out + disposed + held + faults_dropped + faults_routed.
struct ElementMeter {
  Counter rows_in;
  Counter rows_out;
  Counter disposed;        // dropped on purpose
  Counter held;            // rows kept back, of which others are made later or at once
  Counter appended;        // rows made by the element
  Counter faults;          // rows that failed, whatever became of them
  Counter faults_dropped;  // of those: dropped by on_error
  Counter faults_routed;   // of those: sent to the on_error stack
  Counter type_faults;     // cells whose type was not the declared one
  Counter keys_lost;       // keys for which no number was left
  Counter ns;              // time on the worker
};

/// The only thing an element ever sees of the engine.
/// *Rooms:* the worker that runs the element.
class Batch {
 public:
  Batch(Bundle& bundle, Selection& rows, OpenKeys& keys, Binding binding, ElementMeter& meter)
      : bundle_(&bundle), rows_(&rows), keys_(&keys), binding_(binding), meter_(&meter) {
    faulted_.clear();
  }

  const Selection& rows() const { return *rows_; }
  Bundle& bundle() const { return *bundle_; }
  OpenKeys& keys() const { return *keys_; }
  Arena& arena() const { return bundle_->arena(); }
  ElementMeter& meter() const { return *meter_; }

  /// The i-th declared read and the j-th declared write.
  KeyId in(size_t i) const { return binding_.in[i]; }
  KeyId out(size_t j) const { return binding_.out[j]; }
  /// The values of a key, null when no row has any.
  const Column* read(KeyId id) const { return id == no_key ? nullptr : bundle_->column(id); }
  /// The values of a key for writing, null when nobody wants them.
  Column* write(KeyId id) const { return id == no_key ? nullptr : &bundle_->writable(id); }

  /// Keeps the rows for which `keep(row)` is true; the others are disposed of on purpose.
  template <class Keep>
  void keep_if(Keep&& keep) {
    meter_->disposed.add(rows_->keep_if(keep));
  }
  /// Takes out the rows for which `take(row)` is true: they are kept back to become part of other rows.
  template <class Take>
  void take_if(Take&& take) {
    meter_->held.add(rows_->keep_if([&](Row row) { return !take(row); }));
  }
  /// Keeps this bundle unacknowledged until the token is released and what was made of it is delivered. The element
  /// copies what it keeps: cells and arena are gone after this call of `run` or `tick`.
  /// REQUIRES: the element declared that it holds.
  [[nodiscard]] Receipt* hold() {
    bundle_->receipt->hold();
    return bundle_->receipt;
  }
  /// What was held under this token is in this batch's rows now, or was dropped. Each token once.
  void release(Receipt* held) {
    if (held == bundle_->receipt) {
      (void)held->settle(Fate::Done);  // the worker holds it as well: never the last
    } else {
      bundle_->released.push_back(held);
    }
  }
  /// Counts rows that were kept back while rows made of held ones took their place, beside those that `take_if` and
  /// `append` count.
  void count_replaced(size_t rows) {
    meter_->held.add(rows);
    meter_->appended.add(rows);
  }

  /// Says that this row failed: what becomes of it is the element's `on_error`.
  /// REQUIRES: rows are named in ascending order, each once, and are still selected.
  void fault(Row row) { faulted_.add(row); }
  const Selection& faulted() const { return faulted_; }

  /// Appends a row to this stack's rows: all cells absent. False when the bundle is full.
  /// REQUIRES: the element declared that it appends.
  [[nodiscard]] bool append(Row& row) {
    if (bundle_->rows() >= bundle_->capacity()) {
      return false;
    }
    row = bundle_->append();
    rows_->add(row);
    meter_->appended.add(1);
    return true;
  }

 private:
  Bundle* bundle_;
  Selection* rows_;
  OpenKeys* keys_;
  Binding binding_;
  ElementMeter* meter_;
  Selection faulted_;
};

}  // namespace stook
