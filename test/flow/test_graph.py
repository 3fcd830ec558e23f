# SPDX-License-Identifier: Apache-2.0
"""stook graph: the same stacks as a tree, for Graphviz, as SVG and JSON; of a configuration, and of a daemon with rates."""

import json
import unittest
import xml.etree.ElementTree

from harness import Daemon, Programs

CONFIG = """
[global]
control=control
stack=in:TAIL,keep:KEEP,judge:LUA,out:FILE
stack=in:TAIL,keep:KEEP,all:FILE
stack=other:TAIL,keep:KEEP,all
[in]
path=in.log
start_at=beginning
[other]
path=other.log
start_at=beginning
[keep]
where=message !~ 'skip'
[judge]
script=judge.lua
on_error=bad:FILE
[out]
path=out.log
format=raw
[all]
path=all.log
format=raw
"""
BAD = "[bad]\npath=bad.log\nformat=raw\n"
TREE = """\
in (source tail)
└─ keep (filter keep)
   ├─ judge (filter lua)
   │  ├─ out (sink file)
   │  └─ on error: bad (sink file)
   └─ all (sink file)
other (source tail)
└─ keep (filter keep)
   └─ all (sink file)
"""


class Graph(Programs):
    def setUp(self):
        super().setUp()
        self.write("judge.lua", "function filter(rec) if rec.message == 'bad' then error('bad') end end")
        self.write("graph.conf", CONFIG + BAD)

    def test_a_configuration_in_four_forms(self):
        done = self.stook("graph", "graph.conf")
        self.assertEqual((done.code, done.out), (0, TREE), done.err)
        graph = json.loads(self.stook("graph", "--json", "graph.conf").out)
        self.assertEqual(len(graph["nodes"]), 8)
        self.assertEqual([edge["rows_per_s"] for edge in graph["edges"]], [None] * 7)
        self.assertEqual([edge["way"] for edge in graph["edges"]].count("error"), 1)
        dot = self.stook("graph", "--dot", "graph.conf").out
        self.assertEqual((dot.count(" -> "), dot.count("[label=")), (7, 15))
        self.assertTrue(dot.startswith("digraph stook {") and dot.endswith("}\n"))
        done = self.stook("graph", "in:STDIN, keep(message != 1), STDOUT")
        self.assertEqual(done.out, "in (source stdin)\n└─ keep (filter keep)\n   └─ stdout (sink stdout)\n")

    def test_no_box_of_the_picture_lies_on_another(self):
        root = xml.etree.ElementTree.fromstring(self.stook("graph", "--svg", "graph.conf").out)
        name = "{http://www.w3.org/2000/svg}"
        boxes = [tuple(int(box.get(key)) for key in ("x", "y", "width", "height")) for box in root.iter(name + "rect")]
        self.assertEqual(len(boxes), 8)
        for i, (x, y, wide, high) in enumerate(boxes):
            self.assertTrue(x + wide <= int(root.get("width")) and y + high <= int(root.get("height")))
            for x2, y2, wide2, high2 in boxes[:i]:
                self.assertTrue(x >= x2 + wide2 or x2 >= x + wide or y >= y2 + high2 or y2 >= y + high)
        texts = [text.text for text in root.iter(name + "text")]
        for node in ("in", "other", "keep", "judge", "out", "all", "bad"):
            self.assertIn(node, texts)
        self.assertEqual(len([path for path in root.iter(name + "path") if (path.get("class") or "").startswith("edge")]), 7)

    def test_a_daemon_with_rates_and_losses(self):
        daemon = Daemon(self, CONFIG.replace("on_error=bad:FILE", "on_error=drop"))
        self.write("in.log", "bad\ngood\n")
        edges = {}
        daemon.wait_for(lambda: "judge (filter lua)  0 rows/s  1 row lost" in self.stook(
            "graph", "--socket", "control", "-d", "10ms").out, "the loss")
        graph = json.loads(self.stook("graph", "--socket", "control", "-d", "10ms", "--json").out)
        for edge in graph["edges"]:
            edges[graph["nodes"][edge["from"]]["id"], graph["nodes"][edge["to"]]["id"], edge["route"]] = edge["rows_per_s"]
        self.assertEqual(edges, {("in", "keep", "in"): 0, ("keep", "judge", "in"): 0, ("judge", "out", "in"): 0,
                                 ("keep", "all", "in"): 0, ("other", "keep", "other"): 0, ("keep", "all", "other"): 0})
        self.assertIn("1 row lost", self.stook("graph", "--socket", "control", "-d", "10ms", "--svg").out)
        daemon.stop(1)

    def test_rates_while_rows_pass(self):
        daemon = Daemon(self, "[global]\ncontrol=control\nstack=in:EXEC,out:NULL\n[in]\ncommand=yes\n")

        def rate():
            graph = json.loads(self.stook("graph", "--socket", "control", "-d", "50ms", "--json").out)
            return graph["edges"][0]["rows_per_s"]
        daemon.wait_for(lambda: rate() > 0, "rows")
        daemon.kill()

    def test_what_it_refuses(self):
        for words in (("--dot", "--svg"), ("--no",), ("-d", "0"), ("graph.conf", "--socket", "x"), ("a", "b")):
            done = self.stook("graph", *words)
            self.assertEqual((done.code, done.out), (2, ""), words)
            self.assertIn("usage: stook graph", done.err)
        done = self.stook("graph", "absent.conf")
        self.assertEqual((done.code, done.out), (2, ""))
        done = self.stook("graph", "--socket", "control")
        self.assertEqual(done.code, 3)
        self.assertIn("stook graph: cannot ask at control: there is no such socket", done.err)


if __name__ == "__main__":
    unittest.main()
