// SPDX-License-Identifier: Apache-2.0
/// What a spool costs: payloads of 256 rows of 200 bytes are appended by one thread, and read and acknowledged by another.
/// Usage: spool DIR [ROWS [batch|always|never]]; DIR is made and keeps its files. Prints CPU seconds a million rows, rows and
/// MB a second, and syncs; then what opening a spool of 10 GiB takes, where the disk has room for it.
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "core/base/clock.hh"
#include "core/base/text.hh"
#include "core/spool/folder.hh"
#include "core/spool/spool.hh"

namespace stook {
namespace {

constexpr size_t rows_each = 256;

void measure(const SpoolSettings& settings, size_t rows) {
  Doorbell reader_bell;
  Doorbell writer_bell;
  auto spool = Spool::open(settings, &reader_bell, &writer_bell);
  std::string row(200, 'a');
  row.back() = '\n';
  Payload payload;
  const size_t records = rows / rows_each;
  const int64_t cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID);
  const int64_t wall = monotonic_ns();
  std::thread reading([&] {
    Payload into;
    for (size_t done = 0; done < records;) {
      reader_bell.hush();
      if (auto sequence = spool->reader().next(into)) {
        spool->reader().acknowledge(*sequence);
        done++;
      } else {
        reader_bell.wait_until(monotonic_ns() + 100'000'000);
      }
    }
    spool->reader().close();
  });
  for (size_t i = 0; i < records;) {
    writer_bell.hush();
    if (payload.rows() == 0) {  // taken over by the reader
      payload.reset();
      payload.begin_part({});
      for (size_t each = 0; each < rows_each; each++) {
        payload.append(row);
        payload.end_row();
      }
      payload.count_rows(rows_each);
    }
    if (spool->writer().append(payload) == SpoolAnswer::Taken) {
      i++;
    } else {
      spool->writer().announce();
      writer_bell.wait_until(monotonic_ns() + 1'000'000'000);
    }
  }
  spool->writer().sync();
  const double written = static_cast<double>(monotonic_ns() - wall) / 1e9;
  reading.join();
  const double seconds = static_cast<double>(monotonic_ns() - wall) / 1e9;
  const double busy = static_cast<double>(read_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu) / 1e9;
  const double millions = static_cast<double>(records * rows_each) / 1e6;
  std::printf(
      "%.2f CPU s/M rows, %.0f k rows/s, %.0f MB/s; durable after %.2f s, acknowledged after %.2f s, %llu syncs\n",
      busy / millions, millions * 1000 / seconds, millions * 200 / seconds, written, seconds,
      static_cast<unsigned long long>(spool->written().syncs.read()));
  spool->writer().close();
}

// Segments of a spool of 10 GiB, allocated and empty but for header and footer; the last one is not sealed.
void measure_start(SpoolSettings settings) {
  settings.folder += "/large";
  SpoolIo& io = system_io();
  io.make_folder(settings.folder);
  constexpr uint64_t count = 640;
  const SpoolUuid uuid{1};
  for (uint64_t id = 1; id <= count; id++) {
    SpoolFile file(io, io.open(segment_path(settings.folder, id), SpoolIo::How::Write));
    char bytes[segment_header_size];
    put_segment_header({settings.segment_size, uuid, id, id, 0}, bytes);
    const bool is_made = file && io.reserve(file.get(), settings.segment_size) == 0 &&
                         write_all(io, file.get(), bytes, sizeof bytes, 0) == 0;
    ByteBuffer record;
    Payload empty;
    put_record(empty, id, 0, 0, spool_seed(uuid), record);
    if (!is_made || write_all(io, file.get(), record.data(), record.size(), segment_header_size) != 0) {
      std::puts("no room for a spool of 10 GiB");
      break;
    }
  }
  const int64_t wall = monotonic_ns();
  auto spool = Spool::open(settings, nullptr, nullptr);
  Payload into;
  const bool is_read = spool->reader().next(into).has_value();
  std::printf("open of %s to the first record: %.1f ms%s\n", show_size(spool->waiting().disk_bytes).c_str(),
              static_cast<double>(monotonic_ns() - wall) / 1e6, is_read ? "" : " (none)");
  for (uint64_t id = 1; id <= count; id++) {
    io.unlink(segment_path(settings.folder, id));
  }
}

}  // namespace
}  // namespace stook

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: spool DIR [ROWS [batch|always|never]]\n", stderr);
    return 2;
  }
  stook::SpoolSettings settings;
  settings.id = "bench";
  settings.folder = argv[1];
  if (argc > 3) {
    settings.sync = std::strcmp(argv[3], "never") == 0    ? stook::SpoolSync::Never
                    : std::strcmp(argv[3], "always") == 0 ? stook::SpoolSync::Always
                                                          : stook::SpoolSync::Batch;
  }
  stook::measure(settings, argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 4'000'000);
  stook::measure_start(settings);
  return 0;
}
