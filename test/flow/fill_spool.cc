// SPDX-License-Identifier: Apache-2.0
/// Fills a spool for test_spool_tool.py: fill_spool DIR RECORDS DELIVERED. Two rows a record, `record N row M`; prints a
/// line, and keeps the spool open until its standard input ends.
#include <cstdio>
#include <cstdlib>

#include "core/spool/spool.hh"

int main(int argc, char** argv) {
  if (argc != 4) {
    return 2;
  }
  stook::SpoolSettings settings;
  settings.folder = argv[1];
  settings.segment_size = 4096;
  auto spool = stook::Spool::open(settings, nullptr, nullptr);
  stook::Payload payload;
  for (int i = 1; i <= std::atoi(argv[2]); i++) {
    payload.reset();
    payload.begin_part(i % 2 == 0 ? "even.log" : "odd.log");
    for (int row = 1; row <= 2; row++) {
      payload.append("record " + std::to_string(i) + " row " + std::to_string(row) + "\n");
      payload.end_row();
    }
    payload.count_rows(2);
    if (spool->writer().append(payload) != stook::SpoolAnswer::Taken) {
      return 1;
    }
  }
  spool->writer().sync();
  for (int i = 1; i <= std::atoi(argv[3]); i++) {
    payload.reset();
    if (auto sequence = spool->reader().next(payload)) {
      spool->reader().acknowledge(*sequence);
    }
  }
  spool->reader().close();
  std::puts("filled");
  std::fflush(stdout);
  while (std::getchar() != EOF) {}
  return spool->writer().close() ? 0 : 1;
}
