// SPDX-License-Identifier: Apache-2.0
//
// The workloads that need no library: raw lines, and access lines in their several outputs.

#include "modes.hh"

#include "access.hh"
#include "stream.hh"
#include "text.hh"

namespace limit {

size_t run_raw(const std::string& in, const std::string& out) {
  Output output(out);
  each_line(in, [&output](std::string_view line) {
    char* to = put_text(output.room(line.size() + MARGIN), line);
    *to++ = '\n';
    output.filled(to);
  });
  return 0;
}

size_t run_access(const std::string& in, const std::string& out) {
  Output output(out);
  AccessParser parser;
  size_t unread = 0;
  each_line(in, [&](std::string_view line) {
    const Access row = parser.parse(line);
    if (!row.is_valid) {
      ++unread;
      return;
    }
    output.filled(put_json<Shape::Full>(output.room(access_room(line.size())), row));
  });
  return unread;
}

size_t run_access_filter(const std::string& in, const std::string& out) {
  Output output(out);
  AccessParser parser;
  size_t unread = 0;
  each_line(in, [&](std::string_view line) {
    const Access row = parser.parse(line);
    if (!row.is_valid) {
      ++unread;
      return;
    }
    if (row.status >= 400) {
      output.filled(put_json<Shape::Filtered>(output.room(access_room(line.size())), row));
    }
  });
  return unread;
}

size_t run_four(const std::string& in, const std::string& out) {
  Output json(out + ".json");
  Output csv(out + ".csv");
  Output raw(out + ".raw");
  Output pattern(out + ".pattern");
  csv.filled(put(csv.room(512),
                 "remote_addr,remote_user,time,method,path,protocol,status,body_bytes_sent,"
                 "http_referer,http_user_agent\n"));
  AccessParser parser;
  size_t unread = 0;
  each_line(in, [&](std::string_view line) {
    const Access row = parser.parse(line);
    if (!row.is_valid) {
      ++unread;
      return;
    }
    const size_t size = access_room(line.size());
    json.filled(put_json<Shape::Full>(json.room(size), row));
    csv.filled(put_csv(csv.room(size), row));
    char* to = put_text(raw.room(size), line);
    *to++ = '\n';
    raw.filled(to);
    pattern.filled(put_pattern(pattern.room(size), row));
  });
  return unread;
}

}  // namespace limit
