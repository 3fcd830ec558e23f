# SPDX-License-Identifier: Apache-2.0
"""The live page: what it is served with, and what a real browser shows of it, wide and narrow, by mouse and by keyboard."""

import http.client
import json
import os
import re
import unittest

import browser
from harness import Daemon, Programs

CONFIG = """
[global]
control_http=127.0.0.1:0
stop_timeout=200ms
stack=web:MADE,p:PARSE_ACCESS,bad:KEEP,out:FILE
stack=web:MADE,p:PARSE_ACCESS,wrong:LUA,n:NULL
stack=sys:MADE,send:HTTP
[web]
what=access
rate=200
[bad]
where=status >= 400
[out]
path=out.log
[wrong]
script=wrong.lua
on_error=drop
[sys]
what=json
rate=20
[send]
url=http://127.0.0.1:1/
token=open sesame
"""
WRONG = "function filter(rec) if rec.status == 404 then error('no') end end\n"
TAB, ENTER, RIGHT = "\ue004", "\ue007", "\ue014"
# Where screenshots go, for somebody who wants to look at them.
SHOTS = os.environ.get("STOOK_SHOTS")


class Live(Programs):
    def start(self, config=CONFIG):
        self.write("wrong.lua", WRONG)
        daemon = Daemon(self, config)
        port = re.search(r"event=pages_open address=127\.0\.0\.1:(\d+)", daemon.log())
        self.port = int(port.group(1))
        return daemon

    def ask(self, path, method="GET", host=None):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        self.addCleanup(link.close)
        link.request(method, path, headers={"Host": host} if host else {})
        answer = link.getresponse()
        return answer.status, answer.read().decode(), answer

    def facts(self, path):
        status, text, _ = self.ask(path)
        self.assertEqual(status, 200, text)
        return json.loads(text)


class Served(Live):
    def test_the_page_needs_nothing_from_elsewhere(self):
        daemon = self.start()
        status, text, answer = self.ask("/")
        self.assertEqual(status, 200)
        self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
        self.assertEqual(re.findall(r"(?:src|href)=\"(?!data:)[^\"]*\"|url\(|@import|https?://(?!www\.w3\.org/2000/svg)[^\"' ]+", text), [])
        self.assertNotIn("@page", text)
        daemon.stop(1)

    def test_facts_are_those_of_the_control_socket_and_secrets_are_none_of_them(self):
        daemon = self.start()
        lines = {(line["id"], line["kind"]): line for line in self.facts("/ledger.json")["lines"]}
        self.assertEqual([lines[one]["depth"] for one in (("web", "source"), ("p", "filter"), ("bad", "filter"), ("out", "codec"))], [0, 1, 2, 3])
        self.assertIn("web", [one["source"] for one in self.facts("/health.json")["sources"]])
        line = CONFIG.split("\n").index("where=status >= 400") + 1
        said = {one["id"]: one for one in self.facts("/config.json")["instances"]}
        self.assertEqual(said["bad"]["options"], [{"name": "where", "value": "status >= 400", "where": f"{self.path('stookd.conf')}:{line}"}])
        self.assertEqual([one["value"] for one in said["send"]["options"]], ["http://127.0.0.1:1/", "***"])
        for path in ("/", "/ledger.json", "/health.json", "/config.json"):
            self.assertNotIn("sesame", self.ask(path)[1])
        daemon.stop(1)

    def test_rows_come_from_one_question_to_the_next(self):
        daemon = self.start()
        rows, path = [], "/tap.json?element=bad&where=status+%3E%3D+500&by=1"
        self.until(lambda: rows.extend(self.facts(path)["rows"]) or len(rows) > 20, "rows of the tap")
        self.assertTrue(all(re.search(r"\bstatus=5\d\d\b", row) for row in rows), rows[:3])
        self.assertEqual(len(set(rows)), len(rows))
        self.assertRegex(self.facts(path)["said"], "have passed")
        daemon.stop(1)

    def test_it_cannot_change_anything_and_says_what_is_wrong(self):
        daemon = self.start()
        for path, word in (("/tap.json?element=nobody", "nobody"), ("/tap.json", "element=ID"), ("/tap.json?element=bad&where=%zz", "element=ID"),
                           ("/tap.json?element=bad%0areload", "element=ID"), ("/tap.json?element=bad&where=status+%3E", "a key would be right")):
            status, text, _ = self.ask(path)
            self.assertEqual(status, 400, (path, text))
            self.assertIn(word, text)
        self.assertEqual(self.ask("/", "POST")[0], 405)
        self.assertEqual(self.ask("/reload")[0], 404)
        self.assertNotIn("reload", daemon.log())
        daemon.stop(1)

    def test_pages_of_other_names_get_nothing(self):
        """A name that somebody else's server has pointed at this machine: a browser would let his page read the answers."""
        daemon = self.start()
        self.assertEqual(self.ask("/ledger.json", host="evil.example:80")[0], 403)
        for host in (f"localhost:{self.port}", f"127.0.0.1:{self.port}", "[::1]"):
            self.assertEqual(self.ask("/ledger.json", host=host)[0], 200, host)
        daemon.stop(1)

    def test_it_is_for_this_machine_alone(self):
        self.write("far.conf", CONFIG.replace("127.0.0.1:0", "0.0.0.0:8088"))
        self.write("wrong.lua", WRONG)
        done = self.stook("check", "far.conf")
        self.assertEqual(done.code, 2)
        self.assertIn("control_http", done.err)
        self.assertIn("127.0.0.1", done.err)


@unittest.skipIf(browser.missing(), browser.missing())
class Seen(Live):
    def look(self, wide=1280, high=900):
        self.daemon = self.start()
        page = browser.Browser(self, wide, high)
        page.open(f"http://127.0.0.1:{self.port}/")
        page.until("return document.getElementById('totals').textContent.includes('lost') && document.querySelectorAll('#list button').length")
        return page

    def keep_shot(self, page, name):
        if SHOTS:
            page.shot(os.path.join(SHOTS, name))

    def click_in_drawing(self, page, script):
        """A slow click on what is in the drawing, which the page makes anew each second: not between our look and the press."""
        page.run("view.paused = true; document.addEventListener('pointerdown', () => { view.paused = false; }, { once: true }); return look()")
        page.click(script, held_ms=2500)

    def edge(self, start):
        return f"return [...document.querySelectorAll('g.link')].find(g => g.getAttribute('aria-label').startsWith('rows from {start}')).querySelector('text')"

    def test_a_click_on_an_edge_shows_the_rows_that_pass(self):
        page = self.look()
        names = page.run("return [...document.querySelectorAll('#flow g:not(.link)')].map(g => g.querySelector('text').textContent).sort()")
        self.assertEqual(names, ["bad", "n", "out", "p", "send", "sys", "web", "wrong"])
        page.until("return /[1-9]\\S*\\/s/.test(document.querySelector('g.link text').textContent)")
        self.click_in_drawing(page, self.edge("bad to out"))
        page.until("return document.getElementById('rows').textContent.split('\\n').length > 5")
        rows = page.run("return document.getElementById('rows').textContent").split("\n")
        self.assertTrue(all(re.search(r"\bstatus=[45]\d\d\b", row) for row in rows), rows[:3])
        self.assertIn("bad", page.run("return document.getElementById('chosen-title').textContent"))
        self.assertEqual(page.run("return document.getElementById('options').textContent").split("status >= 400")[0], "where")
        # Each script that fails costs its row, and the page says so in words and not by colour alone.
        page.until("return [...document.querySelectorAll('#flow text.lost')].some(t => /✕ \\d+ lost/.test(t.textContent))")
        self.keep_shot(page, "wide.png")
        self.assertEqual(page.complaints(), [])
        self.daemon.stop(1)

    def test_it_can_be_used_without_a_mouse(self):
        page = self.look()
        page.press(RIGHT)
        first = page.run("return document.activeElement.getAttribute('aria-label')")
        page.press(RIGHT)
        self.assertNotEqual(page.run("return document.activeElement.getAttribute('aria-label')"), first)
        page.run("[...document.querySelectorAll('#flow g')].find(g => (g.getAttribute('aria-label') || '').startsWith('filter p,')).focus()")
        page.until("return document.activeElement.closest('#flow g') !== null")
        page.press(ENTER, "t")
        page.until("return document.getElementById('rows').textContent.split('\\n').length > 5")
        page.press("p")
        self.assertEqual(page.run("return document.getElementById('pause').getAttribute('aria-pressed')"), "true")
        self.assertEqual(page.complaints(), [])
        self.daemon.stop(1)

    def test_it_is_readable_on_a_phone(self):
        page = self.look(390, 844)
        page.resize(390, 844)
        page.until("return getComputedStyle(document.getElementById('flow')).display === 'none'")
        self.assertTrue(page.run("return document.documentElement.scrollWidth <= window.innerWidth"))
        names = page.run("return [...document.querySelectorAll('#list button')].map(b => b.firstChild.firstChild.textContent)")
        self.assertEqual(sorted(names), ["bad", "n", "out", "p", "send", "sys", "web", "wrong"])
        self.keep_shot(page, "phone.png")
        page.click("return [...document.querySelectorAll('#list button')].find(b => b.textContent.startsWith('p '))")
        page.until("return document.getElementById('chosen-title').textContent.startsWith('p ')")
        page.click("return document.getElementById('tap-button')")
        page.until("return document.getElementById('rows').textContent.split('\\n').length > 5")
        self.keep_shot(page, "phone-rows.png")
        self.assertTrue(page.run("return document.documentElement.scrollWidth <= window.innerWidth"))
        self.assertEqual(page.complaints(), [])
        self.daemon.stop(1)

    def test_a_daemon_that_is_gone_is_told_of(self):
        page = self.look()
        self.daemon.kill()
        page.until("return document.getElementById('health').textContent.includes('does not answer')")


if __name__ == "__main__":
    unittest.main()
