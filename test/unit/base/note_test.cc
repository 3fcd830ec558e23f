// SPDX-License-Identifier: Apache-2.0
#include "core/base/note.hh"

#include <catch2/catch.hpp>
#include <thread>

using namespace stook;

TEST_CASE("a note gives the last text back, cut to its room") {
  Note note;
  CHECK(note.read().empty());
  note.write("disk full");
  CHECK(note.read() == "disk full");
  note.write("ok");
  CHECK(note.read() == "ok");
  note.write(std::string(1000, 'x'));
  CHECK(note.read() == std::string(Note::most, 'x'));
  note.write({});
  CHECK(note.read().empty());
}

TEST_CASE("a text is never read half, however often it is replaced") {
  Note note;
  std::atomic<bool> is_over{false};
  std::thread writer([&] {
    for (uint32_t i = 0; i < 200000; i++) {
      note.write(std::string(1 + i % Note::most, static_cast<char>('a' + i % 26)));
    }
    is_over = true;
  });
  size_t torn = 0;
  while (!is_over) {
    std::string text = note.read();
    if (!text.empty()) {
      torn += text.find_first_not_of(text[0]) != std::string::npos ? 1 : 0;
    }
  }
  writer.join();
  CHECK(torn == 0);
  CHECK(note.read().find_first_not_of(note.read()[0]) == std::string::npos);
}
