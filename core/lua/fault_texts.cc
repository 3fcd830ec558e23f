// SPDX-License-Identifier: Apache-2.0
#include "core/lua/fault_texts.hh"

namespace stook {

FaultTexts& FaultTexts::of_thread() {
  thread_local FaultTexts texts;
  return texts;
}

void FaultTexts::begin(std::string_view instance, const Bundle& bundle) {
  size_ = 0;
  end_ = SIZE_MAX;
  instance_.assign(instance);
  bundle_ = &bundle;
  sequence_ = bundle.sequence;
}

void FaultTexts::add(size_t from, std::string_view text) {
  size_t at = size_ - (size_ > 0 && all_[size_ - 1].from == from ? 1 : 0);
  if (at == all_.size()) {
    end_ = end_ == SIZE_MAX ? from : end_;
    return;
  }
  all_[at].from = from;
  all_[at].text.assign(text);
  size_ = at + 1;
}

std::string_view FaultTexts::why(std::string_view instance, const Bundle& bundle, size_t at) const {
  std::string_view found;
  if (bundle_ != &bundle || sequence_ != bundle.sequence || instance_ != instance || at >= end_) {
    return found;
  }
  for (size_t i = 0; i < size_ && all_[i].from <= at; i++) {
    found = all_[i].text;
  }
  return found;
}

}  // namespace stook
