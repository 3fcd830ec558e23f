// SPDX-License-Identifier: Apache-2.0
/// How a whole body becomes rows.
#include "sources/http/server.hh"

namespace stook {

// Looks at all records before the first becomes a row, so that a request that is refused leaves none.
bool HttpServer::end_body(HttpConnection& connection) {
  if (!connection.unpacker->end()) {
    return refuse(connection, connection.unpacker->refusal(), true);
  }
  connection.unpacker.reset();
  HttpRecords records(connection.form, connection.body);
  std::string_view record;
  HttpRecords::Step step = HttpRecords::Step::Record;
  while (step == HttpRecords::Step::Record) {
    step = records.next(record);
  }
  connection.rows = records.number();
  if (step == HttpRecords::Step::Wrong) {
    answer(connection, 400, "record " + std::to_string(records.number()) + ": " + records.fault());
    return !connection.in.empty();
  }
  if (connection.rows == 0) {
    answer(connection, 200, {});
    return !connection.in.empty();
  }
  connection.records = HttpRecords(connection.form, connection.body);
  connection.state = HttpState::Feed;
  connection.reading.stop();
  return true;
}

// Puts the rest of a request's records into bundles, as far as there is room.
bool HttpServer::feed(HttpConnection& connection) {
  Feed& feed = rows_.feed();
  for (;;) {
    if (!connection.has_record && connection.records.next(connection.record) != HttpRecords::Step::Record) {
      break;
    }
    connection.has_record = true;
    Bundle* bundle = feed.bundle(connection.number);
    if (bundle == nullptr) {
      waiting_.push_back(connection.number);
      return false;
    }
    put_row(connection, *bundle);
    connection.has_record = false;
  }
  // The bundle of the last row is still open: it has been asked for since the last pause.
  feed.mark(connection.number, ++connection.position, connection.number);
  let_go(connection);
  connection.state = HttpState::Acknowledge;
  return false;
}

void HttpServer::put_row(HttpConnection& connection, Bundle& bundle) {
  Row row = bundle.append();
  std::string_view text = connection.record.substr(0, config_.max_line.bytes);
  if (Column* message = rows_.column(bundle, NetKey::Message)) {
    message->set(row, Cell::of_text(bundle.arena().copy(text)));
  }
  if (text.size() < connection.record.size()) {
    if (Column* truncated = rows_.column(bundle, NetKey::Truncated)) {
      truncated->set(row, Cell::of_boolean(true));
    }
  }
  if (rows_.wants(NetKey::Id)) {
    rows_.put_id(bundle, row, connection.number, ++connection.row_number);
  }
  rows_.put_peer(bundle, row, connection.peer);
  rows_.put_time(bundle, row);
}

}  // namespace stook
