"""Who is at work: the login and the machine, as a Lease and the history tell others."""

from __future__ import annotations

import getpass
import os
import re
import socket
from dataclasses import dataclass
from typing import Final

_PID: Final = re.compile(r"[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class Operator:
    """The person or the job that runs fedplan; `pid` tells two runs on one machine apart."""

    login: str
    host: str
    pid: int

    def __str__(self) -> str:
        """`anna@ops-1`, as messages name it."""
        return f"{self.login}@{self.host}"

    def identity(self, purpose: str) -> str:
        """The holder's name in a Lease: unique for this run, and readable."""
        return f"{self} {purpose} pid {self.pid}"


def operator() -> Operator:
    """The operator of this process."""
    try:
        login = getpass.getuser()
    except (KeyError, OSError, ImportError):
        login = f"uid {os.getuid()}" if hasattr(os, "getuid") else "somebody"
    return Operator(login, socket.gethostname(), os.getpid())


def is_dead(identity: str, us: Operator) -> bool:
    """Whether a Lease's holder was a run on this very machine that has ended without a word."""
    who, _, pid = identity.rpartition(" pid ")
    if not _PID.fullmatch(pid) or who.partition(" ")[0] != str(us) or int(pid) == us.pid:
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False
