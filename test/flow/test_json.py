# SPDX-License-Identifier: Apache-2.0
"""JSON of any kind: what cannot be read keeps its text, and what can comes out as it went in."""

import json
import math
import random
import re
import unittest
from decimal import Decimal

from harness import Flow


def exact(text):
    """A JSON document in which 1 is not 1.0, no real is infinite, and a lone surrogate is U+FFFD."""
    def mend(value):
        if isinstance(value, str):
            return re.sub("[\ud800-\udfff]", "\ufffd", value)
        if isinstance(value, list):
            return [mend(item) for item in value]
        if isinstance(value, dict):
            return {mend(key): mend(item) for key, item in value.items()}
        return value
    def real(digits):
        value = float(digits)
        return ("real", Decimal(digits) if math.isinf(value) else value, digits[0] == "-")
    return mend(json.loads(text, parse_float=real))


class Json(Flow):
    def parse(self, lines, **more):
        self.write("in.log", b"".join(line + b"\n" for line in lines))
        self.write("out.json", "")
        result = self.run_bounded("file(in.log), parse_json, file(path=out.json)", **more)
        rows = self.read("out.json").splitlines()
        self.assertEqual(len(rows), len(lines))
        return rows, result

    def assert_refused(self, lines, reason):
        """Each of the lines keeps its text and says why; the good ones around them are parsed."""
        good = b'{"good":1}'
        rows, result = self.parse([part for line in lines for part in (good, line)] + [good])
        for text in rows[::2]:
            self.assertEqual(text, '{"good":1}')
        for line, text in zip(lines, rows[1::2]):
            row = json.loads(text)
            self.assertEqual(set(row), {"message", "parse_error"})
            self.assertEqual(row["message"], line.decode("utf-8", "replace"))
            self.assertIn(reason, row["parse_error"])
        self.assertEqual(result.line("parse_json")["faults"], len(lines))
        self.assertEqual(result.line("parse_json")["out"], len(rows))

    def test_nesting_of_100_000_is_refused_and_64_is_not(self):
        deep = 100_000
        self.assert_refused([b'{"a":' * (deep // 5) + b"1" + b"}" * (deep // 5), b'{"a":' + b"[" * deep + b"]" * deep + b"}",
                             b'{"a":' + b"[" * deep, b"[" * deep], "")
        fine = b'{"a":' + b"[" * 60 + b"1" + b"]" * 60 + b"}"
        rows, _ = self.parse([fine])
        self.assertEqual(rows, [fine.decode()])

    def test_what_is_no_json_keeps_its_text(self):
        self.assert_refused([b"", b"null", b"[1]", b'{"a":1', b'{"a":1}}', b'{"a":01}', b'{"a":nan}', b'{"a":"\x01"}', b'{"a":"\\x"}',
                             b'{"a":1,}', b"{'a':1}", b'{"a"}', b'{"a":1} x', b'{"a":"\\u12"}', b"\xff"], "")

    def test_numbers_of_5_000_digits_are_refused(self):
        self.assert_refused([b'{"a":' + b"7" * 5000 + b"}", b'{"a":0.' + b"7" * 5000 + b"}", b'{"a":1e' + b"7" * 5000 + b"}"],
                            "a number of more than 4096 digits")

    def test_large_numbers_keep_every_digit(self):
        numbers = ["12345678901234567890", "18446744073709551615", "18446744073709551616", "-9223372036854775808",
                   "-9223372036854775809", "-12345678901234567890", "9" * 4096, "1e400", "-1E-400", "1" * 20,
                   "0", "-0.0", "1e5", "1.5"]
        rows, result = self.parse([f'{{"a":{number},"b":[{number}]}}'.encode() for number in numbers])
        for number, row in zip(numbers, rows):
            self.assertEqual(exact(row), exact(f'{{"a":{number},"b":[{number}]}}'))
        self.assertEqual(result.line("parse_json")["faults"], 0)

    def test_of_keys_that_come_twice_the_last_wins_and_they_are_counted(self):
        self.write("in.log", '{"a":1,"b":2,"a":3,"a":{"x":1,"x":2}}\n{"a":1}\n')
        self.run_bounded("file(in.log), parse_json, file(path=out.json)")
        self.assertEqual(self.json_lines("out.json")[0]["a"]["x"], 2)
        self.assertEqual(self.read("out.json").count('"a":'), 2)
        self.run_config("""
[global]
stack=in:FILE,parse:PARSE_JSON,out:FILE
[in]
path=in.log
[parse]
[out]
path=count.json
keys=b, duplicate_keys
""")
        self.assertEqual(self.json_lines("count.json"), [{"b": 2, "duplicate_keys": 2}, {}])

    def test_names_with_dots_quotes_and_newlines_come_out_as_they_were(self):
        row = {"a.b": 1, "a": {"b": 2}, 'quo"te': 3, "new\nline": 4, "": 5, "tab\t\\": 6, "\0": 7, " ": 8, "a,b=c": 9, "$x": 10,
               "é\u2028": 11, "y" * 255: 12, "z" * 256: 13, "w" * 5000: 14, "message": 15, "parse_error": 16, "rest": 17}
        rows, _ = self.parse([json.dumps(row).encode(), json.dumps(row, ensure_ascii=False).encode()])
        self.assertEqual([json.loads(text) for text in rows], [row, row])

    def test_10_000_rows_of_300_keys_each_come_out_whole(self):
        with open(self.path("in.log"), "w", encoding="ascii") as file:
            for i in range(10_000):
                file.write(json.dumps({f"k{(i * 300 + j) % 100_003}": j for j in range(300)}) + "\n")
        result = self.run_bounded("file(in.log), parse_json, file(path=out.json)")
        with open(self.path("in.log"), encoding="ascii") as given, open(self.path("out.json"), encoding="ascii") as made:
            for line, row in zip(given, made):
                self.assertEqual(json.loads(line), json.loads(row))
        self.assertEqual(result.line("parse_json")["keys_lost"], 0)

    def test_more_than_1_024_keys_of_a_row_are_counted(self):
        row = {f"k{i}": i for i in range(1500)}
        rows, result = self.parse([json.dumps(row).encode(), b'{"a":1}'])
        self.assertEqual(json.loads(rows[0]), {f"k{i}": i for i in range(1024)})
        self.assertEqual(json.loads(rows[1]), {"a": 1})
        self.assertEqual(result.line("parse_json")["keys_lost"], 476)


class Identity(Flow):
    """JSON in, JSON out: the same documents."""

    SEED = 20261121
    LETTERS = ["a", "Z", "0", " ", '"', "\\", "/", "\n", "\t", "\0", "\x7f", "\x80", "é", "ß", "€",
               "\u2028", "\ufffd", "\uffff", "😀", "𝄞"]

    def text(self, dice):
        size = dice.choice([0, 1, 3, 8, 20, 300 if dice.random() < 0.9 else 20_000])
        return "".join(dice.choices(self.LETTERS, k=size))

    def value(self, dice, depth):
        kind = dice.randrange(12 if depth > 0 else 9)
        if kind >= 11:
            return [self.value(dice, depth - 1) for _ in range(dice.randrange(5))]
        if kind >= 9:
            return {self.name(dice): self.value(dice, depth - 1) for _ in range(dice.randrange(5))}
        return [lambda: None, lambda: True, lambda: False, lambda: self.text(dice), lambda: dice.choice([[], {}]),
                lambda: dice.choice([0, -1, 2**63 - 1, -2**63, 2**63, 2**64 - 1, 2**64, -2**63 - 1,
                                     2**53 + 1, 10**19, 10**30]),
                lambda: dice.randrange(-2**63, 2**64),
                lambda: dice.choice([0.0, -0.0, 0.1, 1e22, 1e23, 5e-324, 1.7976931348623157e308,
                                     2.2250738585072014e-308, 123456.789]),
                lambda: dice.uniform(-1, 1) * 10.0 ** dice.randrange(-300, 300)][kind]()

    def name(self, dice):
        return dice.choice(["id", "name", "a.b", "", "level", "x" * 300, f"k{dice.randrange(400)}", self.text(dice)[:100]])

    def test_2_000_random_documents_come_out_as_they_went_in(self):
        dice = random.Random(self.SEED)
        with open(self.path("in.log"), "w", encoding="utf-8") as file:
            for i in range(2000):
                document = {self.name(dice): self.value(dice, 5) for _ in range(dice.randrange(12))}
                text = json.dumps(document, ensure_ascii=bool(dice.randrange(2)),
                                  separators=dice.choice([(",", ":"), (" , ", " : ")]))
                if i % 5 == 0:  # surrogates without a partner, escaped
                    lone = dice.choice([r"\ud800", r"\udc00x", r"\ud800\ud800", r"\udc00\ud800", r"a\udbff\u0041"])
                    text = text[:-1] + ("," if document else "") + f'"lone":"{lone}"}}'
                file.write(text.replace("\u2028", "\\u2028") + "\n")
        result = self.run_bounded("file(in.log, max_line=4MiB), parse_json, file(path=out.json)")
        self.assertEqual(result.line("parse_json")["faults"], 0, f"seed {self.SEED}")
        count = 0
        with open(self.path("in.log"), "rb") as given, open(self.path("out.json"), "rb") as made:
            for line, row in zip(given, made):
                count += 1
                self.assertEqual(exact(line), exact(row), f"seed {self.SEED}, document {count}: {line[:300]}")
            self.assertEqual((given.read(), made.read()), (b"", b""))
        self.assertEqual(count, 2000)


if __name__ == "__main__":
    unittest.main()
