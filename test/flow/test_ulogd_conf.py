# SPDX-License-Identifier: Apache-2.0
"""ulogd's configuration files, unchanged (S1-40 to S1-42): Debian's sample with each of its stacks switched on in turn."""

import os
import re
import unittest

from harness import Programs
from netns_kit import ULOGD_CONF

PATHS = "\n".join(f'plugin="/usr/lib/x86_64-linux-gnu/ulogd/ulogd_{name}.so"' for name in (
    "inppkt_NFLOG", "inppkt_ULOG", "inpflow_NFCT", "filter_IFINDEX", "output_LOGEMU", "output_MYSQL", "raw2packet_BASE"))


class UlogdConf(Programs):
    def check(self, text):
        return self.stook("check", self.write("ulogd.conf", text))

    @unittest.skipUnless(os.path.exists(ULOGD_CONF), "ulogd2's sample is not installed")
    def test_each_stack_of_debians_sample(self):
        with open(ULOGD_CONF, encoding="utf-8") as file:
            sample = file.read()
        stacks = re.findall(r"^#?(stack=.*)$", sample, re.MULTILINE)
        self.assertGreater(len(stacks), 20)
        known = {}

        def is_known(kind, name):
            if (kind, name) not in known:
                known[kind, name] = self.stook("describe", f"{kind}.{name.lower()}").code == 0
            return known[kind, name]

        missing = {}
        for stack in stacks:
            text = re.sub(r"^stack=", "#stack=", sample, flags=re.MULTILINE)
            text = text.replace("#" + stack, stack, 1)
            names = [element.split(":")[1] for element in stack[6:].split(",")]
            kinds = ["source"] + ["filter"] * (len(names) - 2) + ["sink"]
            absent = [name for kind, name in zip(kinds, names) if not is_known(kind, name)]
            result = self.check(text)
            if absent:
                self.assertEqual(result.code, 2, (stack, result.err))
                for name in absent:
                    self.assertRegex(result.err, f"'{name}' in this build|'{name.lower()}' is a")
                missing[stack] = absent
            else:
                self.assertEqual(result.code, 0, (stack, result.err))
        for stack, absent in missing.items():
            print("not yet:", stack, "lacks", ", ".join(absent))

    def test_plugins_named_by_path_and_sections_of_stacks_that_are_off(self):
        result = self.check(f"[global]\n{PATHS}\nloglevel=3\nstack=log1:NFLOG,gp1:GPRINT\n[log1]\ngroup=0 # the system's\n"
                            '[gp1]\nfile="/var/log/ulog/gprint.log"\nsync=1\ntimestamp=1\n[ct1]\nhash_enable=0\n')
        self.assertEqual(result.code, 0, result.err)

    def test_a_plugin_that_ulogd_has_not_is_refused(self):
        result = self.check('[global]\nplugin="/usr/lib/ulogd/ulogd_inppkt_NFLOGG.so"\nstack=log1:NFLOG,gp1:GPRINT\n')
        self.assertEqual(result.code, 2)
        self.assertIn("no plugin 'NFLOGG' in this build; did you mean 'nflog'?", result.err)

    def test_ulog_is_refused_with_what_to_use(self):
        result = self.check("[global]\nstack=ulog1:ULOG,gp1:GPRINT\n[ulog1]\nnlgroup=1\n")
        self.assertEqual(result.code, 2)
        self.assertIn("iptables -j NFLOG --nflog-group 1", result.err)

    def test_the_childs_names_and_options(self):
        """S1-52: NFLOG2, with the options of its rings."""
        result = self.check("[global]\nstack=log1:NFLOG2,gp1:GPRINT\n[log1]\ngroup=5\nblock_size=8192\nblock_nr=32\nframe_size=8192\n"
                            "oneshot=0\ncopy_mode=meta\ncopy_range=0xfffb\nqthreshold=10\nqtimeout=5\nconntrack=1\n")
        self.assertEqual(result.code, 0, result.err)

    def test_a_section_without_a_stack_is_a_mistake_elsewhere(self):
        result = self.check("[global]\nstack=in:STDIN,out:STDOUT\n[inn]\nmax_line=1KiB\n")
        self.assertEqual(result.code, 2)
        self.assertIn("no stack names this section", result.err)

    def imported(self, text, code=0):
        result = self.stook("import", "ulogd", self.write("ulogd.conf", text))
        self.assertEqual(result.code, code, result.err)
        checked = self.stook("check", self.write("stook.conf", result.out))
        self.assertEqual(checked.code, 0, checked.err + result.out)
        return result.out

    def test_import_says_what_changed(self):
        """S1-40: the same in stook's words, line by line."""
        text = self.imported("""# mine
[global]
plugin="/usr/lib/x86_64-linux-gnu/ulogd/ulogd_inppkt_NFLOG.so"
logfile="syslog"
loglevel=3
stack=log1:NFLOG2,base1:BASE,ip2str1:IP2STR,print1:PRINTPKT,sys1:SYSLOG # both
stack=log1:NFLOG2,gp1:GPRINT
stack=log1:NFLOG2,db1:PGSQL

[log1]
group=5
block_size=8192
[gp1]
file="/var/log/gprint.log"
sync=1 # at once
timestamp=1
[sys1]
facility=LOG_LOCAL2
[ct1]
hash_enable=0
""", code=1)
        lines = text.splitlines()
        self.assertRegex(lines[0], "^# Made by `stook import ulogd .*ulogd.conf`")
        self.assertEqual("\n".join(lines[1:]), """# mine
[global]
#: plugins are part of stook
# plugin="/usr/lib/x86_64-linux-gnu/ulogd/ulogd_inppkt_NFLOG.so"
logfile="syslog"
#: ulogd's 3
loglevel=info
#: NFLOG2 is called NFLOG, SYSLOG is called LOCAL_SYSLOG
stack=log1:NFLOG,base1:BASE,ip2str1:IP2STR,print1:PRINTPKT,sys1:LOCAL_SYSLOG
#: NFLOG2 is called NFLOG
stack=log1:NFLOG,gp1:GPRINT
#: PGSQL is not there: write JSON, or to a program by exec, until there is a sink for it
# stack=log1:NFLOG2,db1:PGSQL

[log1]
group=5
#: has no effect: the kernel has no rings for netlink any more
# block_size=8192
[gp1]
file="/var/log/gprint.log"
#: has no effect: what is delivered is with the kernel, always
# sync=1 # at once
timestamp=1
[sys1]
facility=LOG_LOCAL2
#: no stack that runs names this section
# [ct1]
# hash_enable=0""")
        again = self.imported(text)
        self.assertEqual(again.splitlines()[1:], lines)

    @unittest.skipUnless(os.path.exists(ULOGD_CONF), "ulogd2's sample is not installed")
    def test_what_is_imported_of_debians_sample_runs(self):
        with open(ULOGD_CONF, encoding="utf-8") as file:
            sample = file.read()
        text = self.imported(re.sub(r"^#stack=", "stack=", sample, flags=re.MULTILINE), code=1)
        self.assertGreater(len(re.findall(r"(?m)^stack=", text)), 15)
        self.assertIn("# this is a stack for packet-based logging via GPRINT", text)

    def test_syslog_without_a_receiver_is_the_local_one(self):
        result = self.check("[global]\nstack=log1:NFLOG,sys1:SYSLOG\n[sys1]\nfacility=LOG_LOCAL2\nlevel=LOG_INFO\n")
        self.assertNotIn("facility", result.err)
        result = self.check("[global]\nstack=log1:NFLOG,sys1:SYSLOG\n[sys1]\nfacility=LOG_LOCAL9\n")
        self.assertIn("facility: there is none called 'LOG_LOCAL9'", result.err)
        result = self.check("[global]\nstack=in:STDIN,sys1:SYSLOG\n[sys1]\nto=192.0.2.1\nfacility=local2\n")
        self.assertEqual(result.code, 0, result.err)


if __name__ == "__main__":
    unittest.main()
