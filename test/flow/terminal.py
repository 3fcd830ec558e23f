# SPDX-License-Identifier: Apache-2.0
"""A program whose standard streams are a pseudo-terminal, as somebody sits before it."""

import codecs
import errno
import os
import pty
import select
import subprocess
import time

from harness import BUILD, ROOT, Programs


class Terminal(Programs):
    """What is printed comes by `expect`, what is typed goes by `say`; `prompt` is what the program waits with."""

    prompt = ""
    kind = "dumb"  # of terminal

    def setUp(self):
        super().setUp()
        self.seen = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")  # a read may end within a letter

    def open(self, *words):
        """stook with these words; what it prints up to its first prompt."""
        self.open_program([os.path.join(ROOT, BUILD, "stook"), *words], {**os.environ, "STOOK_HISTORY": self.path("history")})
        return self.expect(self.prompt)

    def open_program(self, words, env):
        self.terminal, inner = pty.openpty()
        self.addCleanup(os.close, self.terminal)
        self.process = subprocess.Popen(words, cwd=self.dir, stdin=inner, stdout=inner, stderr=inner, start_new_session=True,
                                        env={**env, "TERM": self.kind})
        os.close(inner)
        self.addCleanup(self.kill)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def expect(self, text, seconds=60):
        """All that was printed up to this text, which has to come."""
        end = time.monotonic() + seconds
        while text not in self.seen:
            ready, _, _ = select.select([self.terminal], [], [], max(0, end - time.monotonic()))
            self.assertTrue(ready, f"{text!r} did not come; there is {self.seen!r}")
            try:
                more = os.read(self.terminal, 65536)
            except OSError as error:  # the other end is closed
                self.assertEqual(error.errno, errno.EIO)
                more = b""
            self.assertTrue(more, f"{text!r} did not come before the end; there is {self.seen!r}")
            self.seen += self.decoder.decode(more).replace("\r", "")
        found, self.seen = self.seen.split(text, 1)
        return found

    def say(self, line):
        """What is printed for this line, its echo left out."""
        os.write(self.terminal, (line + "\n").encode())
        return self.expect("\n" + self.prompt).rpartition(line + "\n")[2]
