// SPDX-License-Identifier: Apache-2.0
/// Requests through the readers of the http source: whatever the bytes are, and however they come in pieces, the same is
/// read of them. The first byte says how large the pieces are, the rest is what a peer sends.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "sources/http/body.hh"
#include "sources/http/head.hh"
#include "sources/http/records.hh"
#include "sources/http/unpack.hh"

namespace {
using namespace stook;

void demand(bool is_true) {
  if (!is_true) {
    std::abort();
  }
}

/// What was read of one request's body.
struct Taken {
  std::string body;
  int status = 0;
  bool is_whole = false;
  size_t left = 0;
  friend bool operator==(const Taken&, const Taken&) = default;
};

Taken take(const HttpHead& head, std::string_view bytes, size_t step) {
  Taken taken;
  HttpBodyReader reader;
  reader.begin(head);
  HttpUnpacker unpacker(head.coding, 1 << 20, 4 << 20);
  size_t at = 0;
  for (;;) {
    // a block of its own, so that the sanitizer sees every byte read beyond
    size_t size = std::min(step, bytes.size() - at);
    std::vector<char> block(bytes.data() + at, bytes.data() + at + size);
    at += size;
    std::string_view rest(block.data(), block.size());
    std::string_view piece;
    HttpBodyReader::Step is = HttpBodyReader::Step::Bytes;
    while ((is = reader.next(rest, piece)) == HttpBodyReader::Step::Bytes) {
      demand(piece.size() > 0);
      if (!unpacker.take(piece, taken.body)) {
        return {{}, unpacker.refusal().status, false, 0};
      }
      demand(taken.body.size() <= 4 << 20);
    }
    if (is == HttpBodyReader::Step::More && at < bytes.size()) {
      continue;
    }
    taken.is_whole = is == HttpBodyReader::Step::End && unpacker.end();
    taken.status = is == HttpBodyReader::Step::Wrong ? reader.refusal().status : 0;
    taken.left = is == HttpBodyReader::Step::End ? rest.size() + (bytes.size() - at) : 0;
    return taken;
  }
}

void cut(HttpForm form, std::string_view body) {
  HttpRecords records(form, body);
  std::string_view record;
  const char* end = body.data();
  size_t count = 0;
  HttpRecords::Step step = HttpRecords::Step::Record;
  while ((step = records.next(record)) == HttpRecords::Step::Record) {
    count++;
    demand(record.data() >= end && record.data() + record.size() <= body.data() + body.size());
    end = record.data() + record.size();
    demand(form == HttpForm::Lines || (record.front() == '{' && record.back() == '}'));
  }
  demand(records.number() == count + (step == HttpRecords::Step::Wrong ? 1 : 0));
  demand((step == HttpRecords::Step::Wrong) == (*records.fault() != 0));
  demand(records.next(record) == step);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) {
    return 0;
  }
  size_t step = 1 + data[0];
  std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  for (HttpForm form : {HttpForm::Lines, HttpForm::Ndjson, HttpForm::Json}) {
    cut(form, text);
  }
  size_t head_size = http_head_size(text);
  demand(head_size == http_head_size(text, std::min(text.size(), head_size == 0 ? text.size() / 2 : head_size - 1)));
  if (head_size == 0) {
    return 0;
  }
  std::vector<char> block(text.data(), text.data() + head_size);
  HttpHead head;
  HttpRefusal refusal;
  if (!read_http_head({block.data(), block.size()}, head, refusal)) {
    demand(refusal.status >= 400 && *refusal.reason != 0);
    return 0;
  }
  demand(!(head.is_chunked && head.has_length));
  Taken whole = take(head, std::string_view(text).substr(head_size), text.size());
  Taken pieces = take(head, std::string_view(text).substr(head_size), step);
  // A refusal for what the body grows to may come sooner in a large piece than in small ones; the answer is the same.
  demand(whole == pieces || (whole.status == 413 || pieces.status == 413));
  return 0;
}
