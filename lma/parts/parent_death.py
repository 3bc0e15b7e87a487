"""Children that do not outlive this program, even when it is killed outright.

The kernel sends the child a signal when the thread that started it ends (``PR_SET_PDEATHSIG``), so start long-lived
children from a thread that stays, such as the main one. Linux only.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> Callable[[], None]:
    """Return what a child runs before its program (``preexec_fn``); call it in the parent."""
    parent = os.getpid()

    def prepare() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent was gone before the kernel was asked
            os._exit(1)

    return prepare
