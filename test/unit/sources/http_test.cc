// SPDX-License-Identifier: Apache-2.0
/// Heads, bodies and records of HTTP requests, without a connection.
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "sources/http/body.hh"
#include "sources/http/head.hh"
#include "sources/http/records.hh"
#include "sources/http/unpack.hh"

using namespace stook;

namespace {
struct Sent {
  std::unique_ptr<std::string> text;  // of which the head has slices
  HttpHead head;
  HttpRefusal refusal;
};

Sent send(const std::string& text) {
  Sent sent{std::make_unique<std::string>(text), {}, {}};
  bool is_read = read_http_head(*sent.text, sent.head, sent.refusal);
  CHECK(is_read == (sent.refusal.status == 0));
  return sent;
}

int status_of(const std::string& headers, const std::string& line = "POST / HTTP/1.1") {
  return send(line + "\r\n" + headers + "\r\n").refusal.status;
}

/// The body of these bytes, read one by one; what is left, or the status, behind a bar.
std::string body_of(const std::string& bytes) {
  HttpBodyReader reader;
  HttpHead head;
  head.is_chunked = true;
  reader.begin(head);
  std::string body;
  for (size_t i = 0; i <= bytes.size(); i++) {
    std::string_view rest(bytes.data() + i, i < bytes.size() ? 1 : 0);
    std::string_view piece;
    HttpBodyReader::Step step = HttpBodyReader::Step::Bytes;
    while ((step = reader.next(rest, piece)) == HttpBodyReader::Step::Bytes) {
      body += piece;
    }
    if (step != HttpBodyReader::Step::More) {
      return body + "|" + (step == HttpBodyReader::Step::End ? bytes.substr(i + (rest.empty() ? 1 : 0)) : "400");
    }
  }
  return body + "|more";
}

std::vector<std::string> records_of(HttpForm form, const std::string& body) {
  HttpRecords records(form, body);
  std::vector<std::string> all;
  std::string_view record;
  HttpRecords::Step step = HttpRecords::Step::Record;
  while ((step = records.next(record)) == HttpRecords::Step::Record) {
    all.emplace_back(record);
  }
  if (step == HttpRecords::Step::Wrong) {
    all.push_back("wrong " + std::to_string(records.number()));
  }
  return all;
}

using Texts = std::vector<std::string>;
}  // namespace

TEST_CASE("a head says where, how long and how packed") {
  Sent sent = send(
      "POST /a/b?c=d HTTP/1.1\r\nHost: x\r\ncontent-TYPE: application/json; charset=utf-8\r\n"
      "Content-Length:  12 \r\nContent-Encoding: GZIP\r\nExpect: 100-Continue\r\n"
      "Authorization: Bearer t\r\n\r\n");
  const HttpHead& head = sent.head;
  CHECK(head.method == "POST");
  CHECK(head.path == "/a/b");
  CHECK(head.content_type == "application/json");
  CHECK((head.has_length && head.length == 12 && !head.is_chunked));
  CHECK(head.coding == HttpCoding::Gzip);
  CHECK(head.expects_continue);
  CHECK(head.authorization == "Bearer t");
  CHECK(head.keeps_alive);
  CHECK_FALSE(send("GET / HTTP/1.1\r\nHost: x\r\nConnection: a, Close\r\n\r\n").head.keeps_alive);
  CHECK_FALSE(send("GET / HTTP/1.0\r\n\r\n").head.keeps_alive);
  CHECK(send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").head.keeps_alive);
}

TEST_CASE("a target may be written as to a proxy, and OPTIONS may ask about all") {
  const std::pair<const char*, const char*> targets[] = {
      {"http://x/a/b?c=d", "/a/b"}, {"HTTPS://[::1]:80/a", "/a"}, {"http://x", "/"},
      {"http://x?c=/d", "/"},       {"/a?b=http://x/y", "/a"},    {"//x/a", "//x/a"}};
  for (const auto& [target, path] : targets) {
    CAPTURE(target);
    CHECK(send("POST " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n\r\n").head.path == path);
  }
  CHECK(send("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n").head.path == "*");
}

TEST_CASE("what two readers might understand in two ways is refused") {
  const std::string host = "Host: x\r\n";
  CHECK(status_of(host) == 0);
  CHECK(status_of(host + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n") == 400);
  CHECK(status_of(host + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n") == 400);
  CHECK(status_of(host + "Content-Length: 1\r\nContent-Length: 1\r\n") == 400);
  CHECK(status_of(host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") == 400);
  CHECK(status_of(host + "Transfer-Encoding: gzip, chunked\r\n") == 501);
  CHECK(status_of(host + "Transfer-Encoding: xchunked\r\n") == 501);
  for (const char* length : {"", "+1", "-1", "0x1", "1 1", "1,1", "9999999999999999999"}) {
    CAPTURE(length);
    CHECK(status_of(host + "Content-Length: " + length + "\r\n") == 400);
  }
  CHECK(status_of("") == 400);
  CHECK(status_of(host + host) == 400);
  CHECK(status_of(host + "Content-Length : 1\r\n") == 400);
  CHECK(status_of(host + " folded\r\n") == 400);
  CHECK(status_of(host + "no colon\r\n") == 400);
  CHECK(status_of(host + ": empty\r\n") == 400);
  CHECK(status_of(host + std::string("A: \0\r\n", 6)) == 400);
  CHECK(status_of(host + "A: b\rc\r\n") == 400);
  CHECK(status_of(host + "A: b\nContent-Length: 1\r\n") == 400);
  CHECK(status_of(host + "Expect: more\r\n") == 417);
  CHECK(status_of(host + "Content-Encoding: br\r\n") == 415);
  CHECK(status_of(host + "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n") == 415);
  std::string many;
  for (int i = 0; i < 101; i++) {
    many += "A: b\r\n";
  }
  CHECK(status_of(host + many) == 431);
  for (const char* line :
       {"", "POST", "POST /", "POST  HTTP/1.1", "PO ST / HTTP/1.1", "POST x HTTP/1.1", "POST /\x01 HTTP/1.1",
        "POST /\xff HTTP/1.1", "(POST) / HTTP/1.1", "POST ftp://h/ HTTP/1.1", "POST http:/x HTTP/1.1",
        "POST http:// HTTP/1.1", "POST http:///x HTTP/1.1", "POST http://:80/ HTTP/1.1", "POST http://u@h/ HTTP/1.1",
        "POST * HTTP/1.1", "OPTIONS *x HTTP/1.1"}) {
    CAPTURE(line);
    CHECK(status_of(host, line) == 400);
  }
  CHECK(status_of(host, "POST / HTTP/2.0") == 505);
  CHECK(status_of(host, "POST / http/1.1") == 505);
  CHECK(status_of(host + "Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0") == 400);
}

TEST_CASE("chunks of a body, and what is no chunk") {
  CHECK(body_of("3\r\nabc\r\n0a;x=y\r\n0123456789\r\n0\r\n\r\nnext") == "abc0123456789|next");
  CHECK(body_of("00000001\r\na\r\n0\r\nTrailer: x\r\nmore: y\r\n\r\n") == "a|");
  CHECK(body_of("0\r\n\r\n") == "|");
  CHECK(body_of("3\r\nab") == "ab|more");
  for (const char* bytes : {"000000001\r\na\r\n", "fffffffff\r\n", "\r\n", ";\r\n", "-1\r\n", "+1\r\n", "0x1\r\n",
                            "g\r\n", "1\na", "1\r\nab", "1\r\na\n", "0\r\n\n", "0\r\nx\n\r\n", "1;x\n"}) {
    CAPTURE(bytes);
    std::string body = body_of(bytes);
    CHECK(body.substr(body.size() - 4) == "|400");
  }
  CHECK(body_of("1;" + std::string(300, 'x') + "\r\na") == "|400");
  CHECK(body_of("0\r\n" + std::string(20000, 'x')) == "|400");
}

TEST_CASE("records of each form") {
  CHECK(records_of(HttpForm::Lines, "a\r\n\nb") == Texts{"a", "", "b"});
  CHECK(records_of(HttpForm::Lines, "").empty());
  CHECK(records_of(HttpForm::Ndjson, "{}\n \r\n\n {\"a\":1} \r\n{x}") == Texts{"{}", "{\"a\":1}", "{x}"});
  CHECK(records_of(HttpForm::Ndjson, "{}\n[1]\n{}") == Texts{"{}", "wrong 2"});
  CHECK(records_of(HttpForm::Ndjson, "{}\n{") == Texts{"{}", "wrong 2"});
  CHECK(records_of(HttpForm::Json, " [ {\"a\":\"]}\\\"\"} ,\n{\"b\":[{}]} ] \n") ==
        Texts{"{\"a\":\"]}\\\"\"}", "{\"b\":[{}]}"});
  CHECK(records_of(HttpForm::Json, "[]").empty());
  CHECK(records_of(HttpForm::Json, " ").empty());
  CHECK(records_of(HttpForm::Json, "{}{} \n{}") == Texts{"{}", "{}", "{}"});
  CHECK(records_of(HttpForm::Json, "[{},{}") == Texts{"{}", "{}", "wrong 3"});
  CHECK(records_of(HttpForm::Json, "[{},]") == Texts{"{}", "wrong 2"});
  CHECK(records_of(HttpForm::Json, "[{} {}]") == Texts{"{}", "wrong 2"});
  CHECK(records_of(HttpForm::Json, "[{}] x") == Texts{"{}", "wrong 2"});
  CHECK(records_of(HttpForm::Json, "[1]") == Texts{"wrong 1"});
  CHECK(records_of(HttpForm::Json, "{\"a\":[}") == Texts{"wrong 1"});
  CHECK(records_of(HttpForm::Json, "{\"a") == Texts{"wrong 1"});
  auto nested = [](size_t levels) { return "{\"a\":" + std::string(levels, '[') + std::string(levels, ']') + "}"; };
  CHECK(records_of(HttpForm::Json, nested(63)) == Texts{nested(63)});
  CHECK(records_of(HttpForm::Json, nested(64)) == Texts{"wrong 1"});
}

TEST_CASE("of an array that is cut off, or has something behind it, just that is said") {
  const std::pair<const char*, const char*> bodies[] = {
      {"[", "it is not there, and the array does not end"},
      {"[{\"j\":1}", "it is not there, and the array does not end"},
      {"[{\"j\":1} , ", "it is not there, and the array does not end"},
      {"[{\"j\":1}]x", "it stands behind the end of the array"},
      {"[] {}", "it stands behind the end of the array"},
      {"[{} {}]", "there is no comma before it"},
      {"[{},]", "it is no JSON object"}};
  for (const auto& [body, fault] : bodies) {
    CAPTURE(body);
    HttpRecords records(HttpForm::Json, body);
    std::string_view record;
    while (records.next(record) == HttpRecords::Step::Record) {}
    CHECK(std::string(records.fault()) == fault);
  }
}

TEST_CASE("content types") {
  CHECK(form_of("application/json") == HttpForm::Json);
  CHECK(form_of("Application/X-NDJSON") == HttpForm::Ndjson);
  CHECK(form_of("text/plain") == HttpForm::Lines);
  CHECK(form_of("") == HttpForm::Lines);
  CHECK(form_of("image/png") == HttpForm::Auto);
}

TEST_CASE("a body that grows too much is refused before it is held") {
  HttpUnpacker plain(HttpCoding::None, 10, 100);
  std::string body;
  CHECK(plain.take("0123456789", body));
  CHECK_FALSE(plain.take("x", body));
  CHECK(plain.refusal().status == 413);
  CHECK(body.size() == 10);
  HttpUnpacker gzip(HttpCoding::Gzip, 1000, 1000);
  CHECK_FALSE(gzip.take("no gzip at all", body));
  CHECK(gzip.refusal().status == 400);
  HttpUnpacker none(HttpCoding::Zstd, 1000, 1000);
  CHECK_FALSE(none.end());
}

TEST_CASE("zstd of before its first release is refused at its first byte") {
  std::string body;
  for (std::string_view first : {"\x1e", "\x22", "\x23", "\x24", "\x25", "\x26", "\x27"}) {
    HttpUnpacker old(HttpCoding::Zstd, 1000, 1000);
    CHECK_FALSE(old.take(first, body));
    CHECK(old.refusal().status == 400);
  }
  HttpUnpacker skipped(HttpCoding::Zstd, 1000, 1000);
  CHECK(skipped.take({"\x50\x2a\x4d\x18\x01\0\0\0x", 9}, body));
  CHECK(skipped.end());
  CHECK_FALSE(skipped.take("\x26", body));
}
