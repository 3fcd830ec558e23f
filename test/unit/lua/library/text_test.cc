// SPDX-License-Identifier: Apache-2.0
/// base64, url, hash.
#include "test/unit/lua/library/library_kit.hh"

using namespace stook::test;

TEST_CASE("stook.base64 follows RFC 4648 in both alphabets") {
  const char* pairs[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}};
  for (auto [plain, coded] : pairs) {
    CAPTURE(plain);
    CHECK(value_of("stook.base64.encode('" + std::string(plain) + "')") == '"' + std::string(coded) + '"');
    CHECK(value_of("stook.base64.decode('" + std::string(coded) + "')") == '"' + std::string(plain) + '"');
  }
  CHECK(value_of("stook.base64.encode('\\xfb\\xff\\xfe', 'url'), stook.base64.encode('f', 'url')") ==
        R"("-__-", "Zg")");
  CHECK(value_of("stook.base64.decode('-__-') == '\\xfb\\xff\\xfe', stook.base64.decode('Zm9v\\nYg')") ==
        R"(true, "foob")");
  CHECK(value_of("stook.base64.decode('Zm9v!')") == "nil, \"not base64: byte 5\"");
  for (const char* text : {"Z", "Zg=", "Zg===", "Zh==", "=", "Zg=a", "Zm9=v"}) {
    CAPTURE(text);
    CHECK(value_of("stook.base64.decode('" + std::string(text) + "')").rfind("nil, \"not base64", 0) == 0);
  }
  CHECK(value_of("stook.base64.encode('x', 'hex')") ==
        "error: stook.base64.encode: argument 2 is 'hex'; it would be \"url\", or nothing");
  CHECK(result_of("for i = 0, 300 do local s = ('\\xa7'):rep(i) "
                  "if stook.base64.decode(stook.base64.encode(s, 'url')) ~= s then return i end end") == "");
}

TEST_CASE("stook.url takes URLs to pieces") {
  CHECK(value_of("stook.url.parse('https://ann:p%40@[2001:db8::1]:8443/a/b?x=1#top')") ==
        R"({"fragment":"top","host":"2001:db8::1","password":"p@","path":"/a/b","port":8443,"query":"x=1",)"
        R"("scheme":"https","user":"ann"})");
  CHECK(value_of("stook.url.parse('/only/path?')") == R"({"path":"/only/path","query":""})");
  CHECK(value_of("stook.url.parse('mailto:a@b.c')") == R"({"path":"a@b.c","scheme":"mailto"})");
  CHECK(value_of("stook.url.parse('//h')") == R"({"host":"h","path":""})");
  for (const char* text : {"", "http://a b", "http://h:99999", "http://h:x/", "http://[::1", "http://[::1]x"}) {
    CAPTURE(text);
    CHECK(value_of("stook.url.parse('" + std::string(text) + "')").rfind("nil, \"no URL: ", 0) == 0);
  }
  CHECK(value_of("stook.url.encode('a b/ä'), stook.url.encode('a/b c', '/')") == R"("a%20b%2F%C3%A4", "a/b%20c")");
  CHECK(value_of("stook.url.decode('a%20b%2f+%zz%4')") == R"("a b/+%zz%4")");
  CHECK(value_of("stook.url.query('a=1&b=x+y%21&c&a=2&a=3&=')") == R"({"":"","a":["1","2","3"],"b":"x y!","c":""})");
  CHECK(value_of("stook.url.query(('a&'):rep(4097))") == "nil, \"a query of more than 4096 values\"");
}

TEST_CASE("stook.hash gives the values of the standards") {
  CHECK(value_of("stook.hash.crc32c('123456789')") == "3808858755");
  CHECK(value_of("stook.hash.md5('abc')") == "\"900150983cd24fb0d6963f7d28e17f72\"");
  CHECK(value_of("stook.hash.sha1('abc')") == "\"a9993e364706816aba3e25717850c26c9cd0d89d\"");
  CHECK(value_of("stook.hash.sha256('abc')") == "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"");
  CHECK(value_of("#stook.hash.sha512(''), #stook.hash.sha512('', 'raw')") == "128, 64");
  // RFC 4231, test case 2.
  CHECK(value_of("stook.hash.hmac('sha256', 'Jefe', 'what do ya want for nothing?')") ==
        "\"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843\"");
  CHECK(value_of("stook.hash.hmac('sha3', 'k', 'x')") ==
        "error: stook.hash.hmac: 'sha3' is no digest; it takes md5, sha1, sha256, sha512");
  CHECK(value_of("stook.hash.md5({})") == "error: stook.hash.md5: argument 1 is a table; it would be a text");
  CHECK(value_of("stook.hash.spread('a') == stook.hash.spread('a'), stook.hash.spread('a') ~= stook.hash.spread('b'), "
                 "stook.hash.spread('') > 0") == "true, true, true");
}

TEST_CASE("work on long texts is ended by the budget") {
  const std::string_view loops[] = {"stook.hash.sha512(s)", "stook.base64.decode(s)", "stook.base64.encode(s)",
                                    "stook.url.encode(s)",  "stook.url.decode(s)",    "stook.url.query(s)",
                                    "stook.url.parse(s)",   "stook.hash.spread(s)"};
  for (std::string_view loop : loops) {
    check_harmless("local s = ('%26='):rep(1 << 20) while true do pcall(function() " + std::string(loop) + " end) end");
  }
}
