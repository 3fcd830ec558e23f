# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus scrapes stookd: it takes the page and the alert rules, and every query of the dashboard finds series."""

import glob
import json
import os
import re
import shutil
import subprocess
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from harness import ROOT, Daemon, Programs
from test_metrics import CONFIG, SCRIPT

PROMETHEUS = """
global: {{scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 250ms}}
rule_files: ['{rules}']
scrape_configs:
  - job_name: stook
    static_configs: [{{targets: ['{target}']}}]
"""
# These show series only where rows have become letters.
MAY_BE_EMPTY = {"stook_rows_letters_total"}


def expressions(what):
    """All that a dashboard asks for, as Grafana would ask it."""
    if isinstance(what, list):
        return [one for part in what for one in expressions(part)]
    if not isinstance(what, dict):
        return []
    own = [what["expr"]] if "expr" in what else []
    return own + [one for part in what.values() for one in expressions(part)]


def filled(expression):
    for name, value in (("$__rate_interval", "1m"), ("$__range", "1m"), ("$job", ".*"), ("$instance", ".*")):
        expression = expression.replace(name, value)
    return expression


@unittest.skipUnless(shutil.which("prometheus"), "no prometheus")
class Scraped(Programs):
    def ask(self, path, **words):
        """What Prometheus answers; None while it is not up."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(words)}"
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            if error.code == 503:
                return None
            raise AssertionError(f"{words}: {error.read().decode()}") from error
        except (ConnectionError, urllib.error.URLError):
            return None

    def until(self, is_true, what):
        end = time.monotonic() + 120
        while not is_true():
            self.assertLess(time.monotonic(), end, f"{what}: {self.read('prometheus.log')[-2000:]}")
            self.assertIsNone(self.prometheus.poll(), self.read("prometheus.log")[-2000:])
            time.sleep(0.05)

    def start_prometheus(self, target):
        """Prometheus itself says at which port it listens, if it has the choice."""
        self.write("prometheus.yml", PROMETHEUS.format(rules=os.path.join(ROOT, "etc/prometheus/stook.rules.yml"), target=target))
        log = open(self.path("prometheus.log"), "wb")
        self.addCleanup(log.close)
        self.prometheus = subprocess.Popen(
            ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=" + self.path("tsdb"),
             "--web.listen-address=127.0.0.1:0", "--log.level=info"], cwd=self.dir, stdout=log, stderr=log)
        self.addCleanup(self.prometheus.wait)
        self.addCleanup(self.prometheus.terminate)
        listening = re.compile(r'Listening on" address=127\.0\.0\.1:(\d+)')
        self.until(lambda: listening.search(self.read("prometheus.log")), "its port")
        self.port = int(listening.search(self.read("prometheus.log"))[1])
        self.until(lambda: self.ask("targets") is not None, "Prometheus answers")

    def test_dashboard_rules_and_targets(self):
        """S1-PROM-1: the target is up, all rules are evaluated, and each panel has what it shows."""
        self.write("judge.lua", SCRIPT)
        self.write("in.log", "one\nbad\nskip 1\n")
        self.write("other.log", "two\n")
        daemon = Daemon(self, CONFIG.format(dir=self.dir))
        self.start_prometheus(re.findall(r"event=pages_open address=(\S+)", daemon.log())[-1])
        (path,) = glob.glob(os.path.join(ROOT, "etc/grafana/*.json"))
        with open(path, encoding="utf-8") as file:
            dashboard = json.load(file)
        missing = {filled(one) for one in expressions(dashboard["panels"])}
        self.assertGreater(len(missing), 30)
        missing = {one for one in missing if not any(name in one for name in MAY_BE_EMPTY)}

        def all_found():
            for name in ("in.log", "other.log"):
                self.write(name, "a row\nbad\n", "a")  # what has not grown between two scrapes has no rate
            for one in sorted(missing):
                found = self.ask("query", query=one)
                if found["result"] and all(sample["value"][1] != "NaN" for sample in found["result"][:1]):
                    missing.discard(one)
            return not missing

        self.until(all_found, f"series for {missing}")
        for name in MAY_BE_EMPTY:
            asked = [filled(one) for one in expressions(dashboard["panels"]) if name in one]
            self.assertTrue(asked, name)
            for one in asked:
                self.assertEqual(self.ask("query", query=one)["resultType"], "vector")
        for variable in dashboard["templating"]["list"]:
            if found := re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]):
                self.assertEqual(len(self.ask(f"label/{found[2]}/values", **{"match[]": filled(found[1])})), 1, variable["query"])
        self.check_target_and_rules()
        daemon.stop(1)

    def check_target_and_rules(self):
        (target,) = self.ask("targets")["activeTargets"]
        self.assertEqual((target["health"], target["lastError"]), ("up", ""))
        rules = [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]
        with open(os.path.join(ROOT, "etc/prometheus/stook.rules.yml"), encoding="utf-8") as file:
            self.assertEqual(len(rules), file.read().count("- alert: "))
        self.until(lambda: all(rule["health"] == "ok" for group in self.ask("rules")["groups"] for rule in group["rules"]),
                   f"healthy rules: {rules}")
        self.until(lambda: any(rule["name"] == "StookRowsLost" and rule["state"] != "inactive"
                               for group in self.ask("rules")["groups"] for rule in group["rules"]), "the alert of lost rows")


if __name__ == "__main__":
    unittest.main()
