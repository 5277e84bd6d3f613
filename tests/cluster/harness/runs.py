"""The folders of clusters that run: one number, one folder and one block of ports for each.

A folder remembers who started it. What belongs to a process that has died is cleaned away by the next one that starts a
cluster; what was started from the command line stays until it is taken down there.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from tests.cluster.harness import places
from tests.cluster.harness.failures import HarnessError
from tests.cluster.harness.processes import began
from tests.cluster.harness.steps import alone

_FIRST_PORT = 20000
_BLOCK = 10
_MOST = 500


class Owner(StrEnum):
    """What is known of whoever started a run."""

    NOBODY = "kept until it is taken down"
    ALIVE = "belongs to a process that runs"
    DEAD = "left behind"


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one control plane.

    They lie below those that the kernel gives to outgoing connections, so that nobody takes the port of a server while
    a test has stopped it.
    """

    etcd: int
    etcd_peer: int
    apiserver: int
    controller_manager: int
    scheduler: int


@contextmanager
def numbering() -> Iterator[None]:
    """Let nobody else take a number, or clean one up, at the same time."""
    places.runs().mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(places.runs() / "lock"):
        yield


def claim(*, owned: bool) -> tuple[Path, Ports]:
    """Take the first number whose ports are all free, and make its folder."""
    home = places.runs()
    with numbering():
        for number in range(_MOST):
            folder = home / str(number)
            ports = Ports(*(_FIRST_PORT + _BLOCK * number + index for index in range(5)))
            is_taken = folder.exists() or Path("/sys/class/net", link(folder)).exists()
            if not is_taken and all(_is_free(port) for port in asdict(ports).values()):
                folder.mkdir(mode=0o700)
                owner = {"pid": os.getpid(), "began": began(os.getpid())} if owned else None
                (folder / "owner.json").write_text(json.dumps(owner), encoding="utf-8")
                return folder, ports
    message = f"no free ports between {_FIRST_PORT} and {_FIRST_PORT + _MOST * _BLOCK}"
    raise HarnessError(message)


def link(run: Path) -> str:
    """The interface by which the machine reaches the node of a run; only runs with a node have one."""
    return f"fedplan{run.name}"


def every() -> list[Path]:
    """The folders of all runs."""
    home = places.runs()
    found = [folder for folder in home.iterdir() if folder.name.isdigit()] if home.is_dir() else []
    return sorted(found, key=lambda folder: int(folder.name))


def owner(run: Path) -> Owner:
    """Who has a run."""
    try:
        record = json.loads((run / "owner.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Owner.DEAD
    if record is None:
        return Owner.NOBODY
    return Owner.ALIVE if began(record["pid"]) == record["began"] else Owner.DEAD


def disown(run: Path) -> None:
    """Leave a run to the next one who cleans up: it did not come up, and its logs say why."""
    (run / "owner.json").unlink(missing_ok=True)


def remove(run: Path) -> None:
    """Remove the folder of a run."""
    shutil.rmtree(run, ignore_errors=True)


def _is_free(port: int) -> bool:
    """Whether nobody listens on a port of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
