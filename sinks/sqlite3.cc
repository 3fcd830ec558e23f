// SPDX-License-Identifier: Apache-2.0
/// sqlite3: inserts rows into a table of a database of SQLite; SQLITE3 of ulogd.
///
/// The database and its table are there already: a column stands for the key of that name with `.` where the column has
/// `_`, as `ip_saddr_str` for `ip.saddr.str`. What is offered together is one transaction. With a unique column
/// `stook_id` and `also = stook.id`, a row that comes again is in the table once.
///
///     CREATE TABLE ulog (oob_prefix TEXT, ip_saddr_str TEXT, ip_daddr_str TEXT, ip_protocol INTEGER, oob_time_sec INTEGER);
///
///     stack=log1:NFLOG,base1:BASE,ip2str1:IP2STR,sq1:SQLITE3
///     [sq1]
///     db="/var/log/ulogd.sqlite3db"
///     table="ulog"
#include <sqlite3.h>

#include <stdexcept>

#include "core/api/plugin.hh"
#include "sinks/sqlite3/table.hh"

namespace stook {

namespace {

struct Sqlite3Config {
  std::string db;
  std::string table;
  Duration busy_timeout;
};

constexpr Option sqlite3_options[] = {
    option<&Sqlite3Config::db>("db", required, "the database, which is there already"),
    option<&Sqlite3Config::table>("table", required, "its table, whose columns are keys with _ for each point"),
    option<&Sqlite3Config::busy_timeout>("busy_timeout", "300ms", "how long to wait for another who writes", {0, 60e9}),
};

/// What a row cannot be helped with by trying again.
bool is_rows_fault(int code) {
  return code == SQLITE_CONSTRAINT || code == SQLITE_MISMATCH || code == SQLITE_TOOBIG || code == SQLITE_RANGE;
}

Outcome outcome_of_code(int code) {
  switch (code) {
    case SQLITE_IOERR:
      return Outcome::Broken;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_ERROR:
      return Outcome::Misconfigured;
    default:
      return Outcome::Again;
  }
}

/// *Invariants:* between two calls no transaction is open. *Rooms:* its carrier.
class Sqlite3Sink final : public Sink {
 public:
  explicit Sqlite3Sink(const Sqlite3Config& config) : config_(config) {}

  void open() override ROOM(carrier) {
    int code = connect();
    if (code != SQLITE_OK && code != SQLITE_BUSY && code != SQLITE_LOCKED) {
      throw SetupError(reason_);
    }
  }

  Outcome deliver(Shipment shipment) override ROOM(carrier) {
    refused_.clear();
    int code = table_.is_open() ? SQLITE_OK : connect();
    if (code == SQLITE_OK) {
      code = insert_all(shipment);
    }
    if (code == SQLITE_OK) {
      return refused_.empty() ? Outcome::Done : Outcome::Refused;
    }
    refused_.clear();
    Outcome outcome = outcome_of_code(code);
    if (outcome != Outcome::Again) {
      table_.close();  // what is wrong with it may be mended from outside
    }
    return outcome;
  }

  std::string reason() const override ROOM(carrier) { return reason_; }
  std::span<const RefusedRow> refused_rows() const override ROOM(carrier) { return refused_; }
  void reopen() override ROOM(carrier) { table_.close(); }
  void close() override ROOM(carrier) { table_.close(); }

 private:
  int connect() ROOM(carrier) {
    constexpr int64_t millisecond = 1'000'000;
    int code = table_.open(config_.db, config_.table, static_cast<int>(config_.busy_timeout.ns / millisecond));
    if (code != SQLITE_OK) {
      reason_ = config_.db + ": " + table_.reason();
    }
    return code;
  }

  int insert_all(Shipment shipment) ROOM(carrier) {
    int code = table_.begin();
    bool has_begun = code == SQLITE_OK;
    size_t row = 0;
    for (size_t i = 0; i < shipment.size() && code == SQLITE_OK; i++) {
      code = insert_payload(*shipment[i], row);
    }
    code = code == SQLITE_OK ? table_.commit() : code;
    if (code != SQLITE_OK) {
      reason_ = config_.db + ": " + table_.reason();
      if (has_begun) {
        table_.roll_back();
      }
    }
    return code;
  }

  /// `row` is the number of its first row, and then of the one behind it.
  int insert_payload(const Payload& payload, size_t& row) ROOM(carrier) {
    size_t begin = 0;
    std::span<const uint32_t> ends = payload.row_ends();
    size_t rows = payload.is_divisible() ? ends.size() : 1;
    for (size_t i = 0; i < rows; i++, row++) {
      size_t end = payload.is_divisible() ? ends[i] : payload.size();
      int code = table_.insert(payload.bytes().substr(begin, end - begin));
      begin = end;
      if (is_rows_fault(code)) {
        reason_ = table_.reason();
        refused_.push_back({row, reason_});
      } else if (code != SQLITE_OK) {
        return code;
      }
    }
    return SQLITE_OK;
  }

  const Sqlite3Config& config_;
  SqliteTable table_ OWNED(carrier);
  std::vector<RefusedRow> refused_ OWNED(carrier);
  std::string reason_ OWNED(carrier);
};

void declare_sqlite3(void* raw, std::string_view folder, Wiring&) {
  auto& config = *static_cast<Sqlite3Config*>(raw);
  if (config.db.empty() || config.table.empty()) {
    throw std::invalid_argument(std::string(config.db.empty() ? "db" : "table") +
                                ": is empty; write which database and which of its tables rows go to");
  }
  if (config.db[0] != '/' && !folder.empty()) {
    config.db = std::string(folder) + "/" + config.db;
  }
}

void needs_of(const void* config, Needs& needs) {
  needs.writes.push_back(static_cast<const Sqlite3Config*>(config)->db);
}

}  // namespace

extern const Plugin sink_sqlite3;
const Plugin sink_sqlite3 = {
    .kind = Kind::Sink,
    .name = "sqlite3",
    .doc = "inserts rows into a table of a database of SQLite; ulogd's SQLITE3",
    .options = sqlite3_options,
    .primary = "db",
    .config = config_type<Sqlite3Config>,
    .declare = declare_sqlite3,
    .needs = needs_of,
    .sink = make_sink<Sqlite3Sink, Sqlite3Config>,
    .format = "sqlite3",
    .has_one_format = true,
};

}  // namespace stook
