# SPDX-License-Identifier: Apache-2.0
"""A real browser without a window: Chromium, driven by chromedriver over W3C WebDriver."""

import base64
import http.client
import json
import shutil
import subprocess
import time

from peers import free_port


def missing():
    """Why there is no browser here, or nothing."""
    return next((f"{program} is not installed" for program in ("chromium", "chromedriver") if shutil.which(program) is None), None)


class Browser:
    """One window. Times out by itself: a script that is asked for by `until` is asked for again until it is true."""

    def __init__(self, flow, wide, high):
        self.port = free_port()
        self.driver = subprocess.Popen(["chromedriver", f"--port={self.port}"], cwd=flow.dir, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        flow.addCleanup(self.end_driver)
        self.session = ""
        end = time.monotonic() + 60
        while True:
            try:
                self.call("GET", "/status")
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
        words = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
                 "--no-first-run", f"--user-data-dir={flow.path('profile')}", f"--window-size={wide},{high}"]
        asked = {"capabilities": {"alwaysMatch": {"goog:loggingPrefs": {"browser": "ALL"}, "goog:chromeOptions": {"args": words}}}}
        self.session = "/session/" + self.call("POST", "/session", asked)["sessionId"]
        flow.addCleanup(self.end_session)

    def call(self, method, path, what=None):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            link.request(method, self.session + path, json.dumps(what or {}) if method == "POST" else None)
            answer = json.loads(link.getresponse().read())["value"]
        finally:
            link.close()
        if isinstance(answer, dict) and "error" in answer:
            raise AssertionError(f"{method} {path}: {answer['error']}: {answer['message']}")
        return answer

    def open(self, url):
        self.call("POST", "/url", {"url": url})

    def run(self, script, *words):
        """What the function body returns in the page."""
        return self.call("POST", "/execute/sync", {"script": script, "args": list(words)})

    def until(self, script, *words, seconds=60):
        """The first value of the function body that is true."""
        end = time.monotonic() + seconds
        while True:
            value = self.run(script, *words)
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"did not become true: {script}\n{self.run('return document.body.innerText')}")
            time.sleep(0.05)

    def press(self, *keys):
        """Keys one after the other, to whatever has the focus."""
        steps = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.call("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": steps}]})

    def click(self, script, *words, held_ms=0):
        """A click of the mouse in the middle of the element that the function body returns."""
        element = self.run(script, *words)
        move = {"type": "pointerMove", "x": 0, "y": 0, "origin": element}
        self.call("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"},
                                                    "actions": [move, {"type": "pointerDown", "button": 0}, {"type": "pause", "duration": held_ms},
                                                                {"type": "pointerUp", "button": 0}]}]})

    def resize(self, wide, high):
        self.call("POST", "/window/rect", {"width": wide, "height": high})

    def shot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("GET", "/screenshot")))

    def complaints(self):
        """What the page wrote to the console."""
        return [entry["message"] for entry in self.call("POST", "/se/log", {"type": "browser"})]

    def end_session(self):
        self.call("DELETE", "")

    def end_driver(self):
        self.driver.terminate()
        self.driver.wait()
