// SPDX-License-Identifier: Apache-2.0
/// What the sinks by HTTP decide without a peer: URLs, statuses, answers of bulk interfaces, compressed bodies.
#include <zlib.h>

#include <catch2/catch.hpp>
#include <random>
#include <stdexcept>

#include "sinks/http/bulk_answer.hh"
#include "sinks/http/exchange.hh"
#include "sinks/http/gzip.hh"
#include "sinks/http/verdict.hh"

using namespace stook;

namespace {
HttpAnswer answer_of(int status, const std::string& text, const std::string& body) {
  HttpAnswer answer;
  answer.status = status;
  answer.status_text = text;
  answer.body = body;
  return answer;
}

std::string inflate_gzip(std::string_view bytes) {
  std::string out(1 << 20, 0);
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, MAX_WBITS + 16) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  CHECK(stream.avail_in == 0);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}
}  // namespace

TEST_CASE("a URL is read, and what may be printed of it has no secret") {
  HttpUrl url = read_url("https://host.example:8443/a/b?token=secret");
  CHECK(url.is_tls);
  CHECK(url.has_path);
  CHECK(url.shown == "https://host.example:8443/a/b");
  CHECK_FALSE(read_url("http://[::1]:9200").has_path);
  CHECK_FALSE(read_url("http://h/").has_path);
  CHECK(read_url("http://[::1]:9200/").shown == "http://[::1]:9200/");
}

TEST_CASE("what is no URL of http is refused, and so are passwords in one") {
  for (const char* text : {"", "host", "host:80/x", "ftp://h/", "file:///etc/passwd", "http://", "http://u@h/",
                           "http://u:p@h/", "http://h/#part", "http://h:99999/", "http://h /"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(read_url(text), std::invalid_argument);
  }
}

TEST_CASE("paths and queries are put into URLs, whatever is in them") {
  CHECK(url_with_path("http://h:1", "/_bulk") == "http://h:1/_bulk");
  CHECK(url_with_query("http://h/p", "a", "b c&d") == "http://h/p?a=b+c%26d");
  CHECK(url_with_query("http://h/p?x=1", "a", "b") == "http://h/p?x=1&a=b");
}

TEST_CASE("each status has one meaning") {
  for (int status : {200, 201, 202, 204, 299}) {
    CHECK(outcome_of_status(status) == Outcome::Done);
  }
  for (int status : {408, 425, 429, 500, 502, 503, 504, 507, 599}) {
    CHECK(outcome_of_status(status) == Outcome::Again);
  }
  for (int status : {400, 402, 409, 413, 414, 418, 422, 451}) {
    CHECK(outcome_of_status(status) == Outcome::Refused);
  }
  for (int status : {301, 302, 304, 307, 308, 401, 403, 404, 405, 407, 410, 415, 501, 505}) {
    CHECK(outcome_of_status(status) == Outcome::Misconfigured);
  }
}

TEST_CASE("an answer becomes one sentence with the begin of what the peer says") {
  CHECK(sentence_of("POST http://h/p", answer_of(503, "503 Service Unavailable", "")) ==
        "POST http://h/p: 503 Service Unavailable");
  CHECK(sentence_of("POST http://h/p", answer_of(400, "400 Bad Request", "\r\n  <h1>\n\tno\x01 such</h1>\n")) ==
        "POST http://h/p: 400 Bad Request: <h1> no such</h1>");
  CHECK(begin_of(std::string(10000, 'x')).size() == 200);
  CHECK(begin_of(std::string(10000, ' ')).empty());
  HttpAnswer none;
  none.failure = "Connection refused";
  CHECK(sentence_of("POST http://h/p", none) == "POST http://h/p: Connection refused");
  CHECK(outcome_of(none) == Outcome::Again);
  none.is_setting = true;
  CHECK(outcome_of(none) == Outcome::Misconfigured);
}

TEST_CASE("a 400 of nginx that is about TLS is a matter of settings") {
  CHECK(outcome_of(answer_of(400, "", "<center>No required SSL certificate was sent</center>")) ==
        Outcome::Misconfigured);
  CHECK(outcome_of(answer_of(400, "", "The plain HTTP request was sent to HTTPS port")) == Outcome::Misconfigured);
  CHECK(outcome_of(answer_of(400, "", "the row is bad")) == Outcome::Refused);
}

TEST_CASE("answers of bulk interfaces") {
  std::vector<BulkItem> items;
  std::string why;
  REQUIRE(read_bulk_answer(R"({"took":1,"errors":true,"items":[{"create":{"status":201}},)"
                           R"({"index":{"status":400,"error":{"type":"t","reason":"r","caused_by":{"reason":"c"}}}},)"
                           R"({"create":{"status":409,"error":"plain"}}]})",
                           items, why));
  REQUIRE(items.size() == 3);
  CHECK((items[0].status == 201 && items[0].is_create && items[0].error.empty()));
  CHECK((items[1].status == 400 && !items[1].is_create && items[1].error == "t: r: c"));
  CHECK((items[2].status == 409 && items[2].error == "plain"));
  CHECK(read_bulk_answer(R"({"errors":false})", items, why));
  CHECK(items.empty());
  for (const char* text :
       {"", "<html>", "[]", "{}", R"({"errors":true})", R"({"errors":true,"items":[]})",
        R"({"errors":true,"items":{}})", R"({"errors":true,"items":[1]})", R"({"errors":true,"items":[{}]})",
        R"({"errors":true,"items":[{"create":{}}]})", R"({"errors":true,"items":[{"create":{"status":"x"}}]})",
        R"({"errors":true,"items":[{"a":{},"b":{}}]})", R"({"errors":false,"items":[{"create":{"status":201}})"}) {
    CAPTURE(text);
    why.clear();
    CHECK_FALSE(read_bulk_answer(text, items, why));
    CHECK_FALSE(why.empty());
  }
}

TEST_CASE("compressed bodies are whole members of gzip, one after the other") {
  HttpGzip gzip(1);
  std::mt19937 random(3);
  for (size_t size : {0, 1, 100, 70000, 5}) {
    std::string body;
    for (size_t i = 0; i < size; i++) {
      body += static_cast<char>(random() % (i % 2 == 0 ? 256 : 4));
    }
    CHECK(inflate_gzip(gzip.squeeze(body)) == body);
  }
}
