"""Running ``lma`` as a person does: a process of its own, on a terminal or in a pipe."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from fcntl import ioctl

LMA = [sys.executable, "-c", "from lma.cli.main import main; main()"]
WAIT_S = 60.0
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal:
    """A process on a pseudo-terminal of 100 columns; what it wrote is read as it comes."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self._master, slave = pty.openpty()
        ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        attributes = termios.tcgetattr(slave)
        attributes[1] &= ~termios.OPOST
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        self.process = subprocess.Popen(
            [*LMA, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        os.close(slave)
        self.output = ""

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def read_until(self, text: str) -> None:
        """Read until ``text`` was written; fails after a while."""
        self.read_match(re.escape(text))

    def read_match(self, pattern: str) -> re.Match[str]:
        """Read until something was written that the pattern finds."""
        deadline = time.monotonic() + WAIT_S
        while not (found := re.search(pattern, self.plain)):
            assert time.monotonic() < deadline, self.output
            assert self._read(), self.output
        return found

    def interrupt(self) -> None:
        """Send what Ctrl-C sends."""
        self.process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """Read to the end and return the exit code."""
        while self._read():
            pass
        return self.process.wait(WAIT_S)

    @property
    def plain(self) -> str:
        return ESCAPES.sub("", self.output)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], WAIT_S)
        assert ready, self.output
        try:
            piece = os.read(self._master, 65_536)
        except OSError:  # the other side is closed
            return False
        self.output += piece.decode(errors="replace")
        return bool(piece)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(WAIT_S)
        os.close(self._master)


@contextlib.contextmanager
def terminal(*arguments: str, **environment: str) -> Iterator[Terminal]:
    running = Terminal(arguments, {"COLUMNS": "", **environment})
    try:
        yield running
    finally:
        running.close()


def piped(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LMA, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
        env={**os.environ, **environment},
    )
