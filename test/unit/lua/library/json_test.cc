// SPDX-License-Identifier: Apache-2.0
#include "test/unit/lua/library/library_kit.hh"

using namespace stook::test;

TEST_CASE("stook.json reads any value and keeps what Lua can keep") {
  CHECK(value_of("stook.json.decode('{\"a\":[],\"b\":{},\"c\":null,\"d\":1.0,\"e\":-0.0}')") ==
        R"({"a":[],"b":{},"c":null,"d":1.0,"e":-0.0})");
  CHECK(value_of("stook.json.decode(' [1, \"x\", true] ')") == R"([1,"x",true])");
  CHECK(value_of("stook.json.decode('9223372036854775807'), stook.json.decode('-9223372036854775808')") ==
        "9223372036854775807, -9223372036854775808");
  CHECK(value_of("stook.json.decode('null') == stook.null, stook.json.decode('\"a\\\\u00e4\"')") ==
        "true, \"a\u00e4\"");
  CHECK(value_of("stook.json.decode('12345678901234567890123')") == "\"12345678901234567890123\"");
  CHECK(value_of("math.type(stook.json.decode('1')), math.type(stook.json.decode('1.0'))") == "\"integer\", \"float\"");
}

TEST_CASE("stook.json says nil and why for what is no JSON") {
  CHECK(value_of("stook.json.decode('')") == "nil, \"not JSON: nothing but blanks\"");
  CHECK(value_of("stook.json.decode('{')") == "nil, \"not JSON: no key where one must stand\"");
  for (const char* text :
       {"1,\"\":2", "1}", "}", "1 2", "[1", "tru", "1,", "{} {}", "\\255", "{\"a\":1,}", "nan", "01"}) {
    CAPTURE(text);
    CHECK(result_of("local v, why = stook.json.decode('" + std::string(text) + "') return v, #why > 8") == "nil, true");
  }
  CHECK(value_of("stook.json.decode()") == "error: stook.json.decode: argument 1 is a no value; it would be a text");
  CHECK(value_of("stook.json.decode({})") == "error: stook.json.decode: argument 1 is a table; it would be a text");
}

TEST_CASE("stook.json writes what it is given, keys in order, and along an older text in its order") {
  CHECK(value_of("stook.json.encode({b = 1, a = {1, 2}, c = stook.null})") == R"("{"a":[1,2],"b":1,"c":null}")");
  CHECK(value_of("stook.json.encode({}), stook.json.encode(stook.array({}))") == R"("{}", "[]")");
  CHECK(value_of("stook.json.encode('x\\n'), stook.json.encode(1/0), stook.json.encode(2^53)") ==
        R"(""x\n"", "null", "9007199254740992.0")");
  CHECK(result_of("local text = '{\"z\":18446744073709551615,\"a\":1}' local t = stook.json.decode(text) t.a = 2 "
                  "return stook.json.encode(t, text)") == R"("{"z":18446744073709551615,"a":2}")");
  CHECK(value_of("stook.json.encode()") == "error: stook.json.encode: nil is no value; stook.null stands for null");
  CHECK(value_of("stook.json.encode({print})") == "error: a function cannot be kept in a record");
  CHECK(value_of("stook.json.encode(1, '{')") ==
        "error: stook.json.encode: argument 2 is not JSON: no key where one must stand; it would be the text that the "
        "value came from");
}

TEST_CASE("stook.msgpack gives back what it was given") {
  CHECK(value_of("stook.msgpack.decode(stook.msgpack.encode({a = {1, 2.5, 'x', stook.null, true}, b = {}}))") ==
        R"({"a":[1,2.5,"x",null,true],"b":{}})");
  CHECK(value_of("stook.msgpack.encode({[1] = 'a', [3] = 'b'}) == '\\x82\\x01\\xa1a\\x03\\xa1b'") == "true");
  CHECK(value_of("stook.msgpack.decode('\\xc1')") == "nil, \"not one whole value of msgpack of at most 64 levels\"");
  CHECK(value_of("stook.msgpack.decode('\\x81\\xc0\\x01')") == "nil, \"an object's key is neither text nor number\"");
  CHECK(value_of("stook.msgpack.decode('\\xdf\\xff\\xff\\xff\\xff')") ==
        "nil, \"not one whole value of msgpack of at most 64 levels\"");
  CHECK(
      result_of("local u = '\\xcf' .. ('\\xff'):rep(8) return stook.msgpack.encode(stook.msgpack.decode(u), u) == u") ==
      "true");
}

TEST_CASE("stook.json and stook.msgpack run no code of the script and stay within its memory") {
  check_harmless(
      "local t = setmetatable({}, {__index = error, __pairs = error, __len = error}) "
      "assert(stook.json.encode(t) == '{}')");
  check_harmless("local t = {} t.t = t stook.json.encode(t)");
  check_harmless("local s = ('['):rep(1 << 20) while true do stook.json.decode(s) end");
  check_harmless(
      "local s = '[' .. ('0,'):rep(1 << 20) .. '0]' local all = {} while true do all[#all + 1] = "
      "stook.json.decode(s) end",
      {{"memory", "8MiB"}});
  check_harmless("local t = {} for i = 1, 5 do t = {t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t} end stook.json.encode(t)",
                 {{"memory", "2MiB"}});
  check_harmless("local s = ('x'):rep(1 << 20) while true do stook.json.encode({s, s, s}) end");
  check_harmless(
      "stook.json.decode(('\\xdd\\xff\\xff\\xff\\xff'):rep(9)) stook.msgpack.decode(('\\xdd\\0\\1\\0\\0'):rep(9))");
  check_harmless("stook.json = nil getmetatable(stook).x = 1");
  check_harmless("setmetatable(stook, {})");
}
