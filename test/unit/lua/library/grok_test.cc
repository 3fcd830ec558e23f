// SPDX-License-Identifier: Apache-2.0
/// grok and user_agent.
#include "core/api/grok_patterns.hh"
#include "test/unit/lua/library/library_kit.hh"

using namespace stook::test;

TEST_CASE("stook.grok takes lines to pieces") {
  CHECK(result_of(R"~(return stook.grok("%{IP:client} %{WORD:verb} %{NUMBER:bytes:int} %{NUMBER:took:float}")
                        :match("55.3.244.1 GET 15824 0.043"))~") ==
        R"({"bytes":15824,"client":"55.3.244.1","took":0.043,"verb":"GET"})");
  CHECK(
      result_of(R"~(return stook.grok("%{COMBINEDAPACHELOG}"):match(
    '192.0.2.17 - frank [21/Nov/2026:03:38:00 +0000] "GET /a?b=1 HTTP/1.1" 200 2326 "http://x.example/" "curl/8.5"'))~") ==
      R"({"agent":"\"curl/8.5\"","auth":"frank","bytes":2326,"clientip":"192.0.2.17","httpversion":"1.1","ident":"-",)"
      R"("referrer":"\"http://x.example/\"","request":"/a?b=1","response":200,"timestamp":"21/Nov/2026:03:38:00 +0000",)"
      R"("verb":"GET"})");
  CHECK(
      result_of(R"~(return stook.grok("%{SYSLOGBASE} %{GREEDYDATA:message}"):match(
    "Nov  1 03:38:00 host sshd[4711]: Accepted publickey"))~") ==
      R"({"logsource":"host","message":"Accepted publickey","pid":4711,"program":"sshd","timestamp":"Nov  1 03:38:00"})");
  CHECK(result_of(R"~(return stook.grok("^%{TIMESTAMP_ISO8601:at} %{LOGLEVEL:level} (?<what>\\w+)$"):match(
    "2026-11-21T03:38:00.123+01:00 WARN here"))~") ==
        R"({"at":"2026-11-21T03:38:00.123+01:00","level":"WARN","what":"here"})");
  CHECK(
      result_of(
          R"~(return stook.grok("%{ORDER:order} %{INT:n:int}", { ORDER = "[A-Z]{2}\\d+" }):match("AB12 x AB13 -4"))~") ==
      R"({"n":-4,"order":"AB13"})");
  CHECK(
      result_of("return stook.grok('%{INT:n:int}'):match('99999999999999999999'), stook.grok('%{IP:i}'):match('no')") ==
      R"({"n":"99999999999999999999"}, nil)");
  CHECK(result_of(R"~(local g = stook.grok("^%{IP:ip}$") local out = {}
    for _, ip in ipairs{"1.2.3.4", "256.1.1.1", "::1", "2001:db8::5", "fe80::1%eth0", "::ffff:1.2.3.4", "12:30", "1.2.3"} do
      out[#out + 1] = g:match(ip) and 1 or 0 end return out)~") == "[1,0,1,1,1,1,0,0]");
}

TEST_CASE("every pattern that has a name compiles alone and captured") {
  for (const stook::GrokPattern& pattern : stook::grok_patterns) {
    std::string name(pattern.name);
    CAPTURE(name);
    CHECK(result_of("stook.grok('%{" + name + "}') stook.grok('x %{" + name + ":f}') return 1") == "1");
  }
}

TEST_CASE("stook.grok says what is wrong with a pattern") {
  CHECK(value_of("stook.grok('%{NUMBR:n}')") ==
        "error: stook.grok: there is no pattern 'NUMBR'; did you mean 'NUMBER'?");
  CHECK(value_of("stook.grok('%{INT:n:big}')") ==
        "error: stook.grok: 'big' is no type of a field; it takes int, float, string, unsigned or boolean");
  CHECK(value_of("stook.grok('%{INT')") == "error: stook.grok: '%{' has no '}' behind it");
  CHECK(value_of("stook.grok('%{A}', { A = '%{A}' })") == "error: stook.grok: the pattern 'A' refers to itself: A → A");
  CHECK(value_of("stook.grok('%{A}', { A = '%{B}', B = 'x%{A}' })") ==
        "error: stook.grok: the pattern 'A' refers to itself: A → B → A");
  CHECK(value_of("stook.grok('%{A}', { A = '%{B}%{B}', B = ('x'):rep(9000) })") ==
        "error: stook.grok: the expression would be longer than 16 KiB");
  CHECK(value_of("stook.grok('x', { 'y' })").rfind("error: stook.grok: argument 2 has a string", 0) == 0);
}

TEST_CASE("no grok pattern outlives the budget") {
  check_harmless("stook.grok(('%{DATA}'):rep(20) .. 'x$'):match(('a '):rep(1 << 16))");
  check_harmless("stook.grok(('%{GREEDYDATA}'):rep(20) .. 'x'):match(('a'):rep(1000))");
  check_harmless("stook.grok('%{QS}%{QS}$'):match(('\"\\\\\\\\'):rep(1 << 18))");
  check_harmless("for i = 1, 1000 do pcall(stook.grok, '%{A}', { A = '%{B}%{B}', B = '%{A}%{A}' }) end");
  check_harmless("stook.user_agent(('bo'):rep(1 << 20))");
}

TEST_CASE("stook.user_agent says what is written in it") {
  const char* agents[][2] = {
      {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
       "Safari/537.36",
       R"({"device":"desktop","family":"Chrome","os":"Windows","os_version":"10","version":"120.0.0.0"})"},
      {"Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0",
       R"({"device":"desktop","family":"Firefox","os":"Linux","version":"115.0"})"},
      {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 "
       "Mobile/15E148 Safari/604.1",
       R"({"device":"phone","family":"Safari","os":"iOS","os_version":"17.1","version":"17.1"})"},
      {"Mozilla/5.0 (Linux; Android 13; SM-X200) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36",
       R"({"device":"tablet","family":"Chrome","os":"Android","os_version":"13","version":"119.0.0.0"})"},
      {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 "
       "Safari/537.36 "
       "Edg/120.0.2210.91",
       R"({"device":"desktop","family":"Edge","os":"macOS","os_version":"10.15.7","version":"120.0.2210.91"})"},
      {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
       R"({"device":"bot","family":"Googlebot","version":"2.1"})"},
      {"curl/8.5.0", R"({"device":"program","family":"curl","version":"8.5.0"})"},
      {"Go-http-client/1.1", R"({"device":"program","family":"Go-http-client","version":"1.1"})"},
      {"-", "{}"},
      {"", "{}"},
  };
  for (auto [agent, want] : agents) {
    CAPTURE(agent);
    CHECK(value_of("stook.user_agent('" + std::string(agent) + "')") == want);
  }
}
