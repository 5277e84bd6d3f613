"""Pods whose containers are folders of programs on this machine, and servers that they can dial.

    pods = Pods({"rollsite-1-a": box(tmp_path, "bash")})

What is run in such a pod is run for real, with nothing on its PATH but the tools that the box has.
"""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from planner.lookup import Endpoint
from renderers.cluster.api import Ran
from renderers.cluster.clock import Clock, Deadline
from renderers.cluster.references import Document, Reference

_CORE = ("od", "head", "sleep", "grep")
_PROGRAMS = 8
"""Words of a command before the hosts and ports that it dials."""
BOXES: Mapping[str, Mapping[str, str]] = {
    "python": {"sh": "dash", "python3": "python3", "bash": "bash"},
    "bash": {"sh": "dash", **dict.fromkeys(_CORE, ""), "bash": "bash", "nc": "busybox"},
    "bash alone": {"sh": "bash", **dict.fromkeys(_CORE, ""), "bash": "bash"},
    "busybox": dict.fromkeys(("sh", *_CORE, "nc"), "busybox"),
    "dash and nc": {"sh": "dash", **dict.fromkeys(_CORE, ""), "nc": "busybox"},
    "nothing": {"sh": "dash"},
}
"""Programs by the names that a box has for them: what stands for images of different ancestry."""


def box(folder: Path, name: str) -> Path:
    """A folder with the programs of a box."""
    made = folder / name.replace(" ", "-")
    if not made.exists():
        made.mkdir(parents=True)
        for called, program in BOXES[name].items():
            found = shutil.which(program or called, path="/usr/bin:/bin")
            assert found is not None, program
            (made / called).symlink_to(found)
    return made


def run_in(folder: Path, command: Sequence[str], seconds: float = 60) -> Ran:
    """Run a command as a container's runtime does: in a session of its own, with the PATH of the image."""
    program = [str(folder / command[0]), *command[1:]]
    with subprocess.Popen(
        program,
        env={"PATH": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        output, errors = process.communicate(timeout=seconds)
    return Ran(process.returncode, output, errors)


@dataclass
class Pods:
    """A cluster of pods that are ready, by name, each with the folder of its programs; and a few other objects."""

    boxes: Mapping[str, Path]
    containers: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Document] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    ran: list[tuple[str, Sequence[str]]] = field(default_factory=list)
    given_up: str = ""
    really: dict[Endpoint, int] = field(default_factory=dict)
    """Ports of this machine that stand for what the pods dial."""

    def list(self, _version: str, kind: str, namespace: str, _: Deadline, **_selected: str) -> Sequence[Document]:
        assert kind == "Pod"
        return [pod(name, namespace, self.containers.get(name, name.split("-")[0])) for name in self.boxes]

    def get(self, reference: Reference, _: Deadline) -> Document | None:
        return self.secrets.get(reference.name)

    def run(self, _namespace: str, name: str, _container: str, command: Sequence[str], _: Deadline) -> Ran:
        self.ran.append((name, command))
        return run_in(self.boxes[name], tuple(self._dialling_here(command)))

    def _dialling_here(self, command: Sequence[str]) -> Iterator[str]:
        """A command that dials this machine; whom nothing stands for refuses."""
        yield from command[:_PROGRAMS]
        for host, port in zip(command[_PROGRAMS::2], command[_PROGRAMS + 1 :: 2], strict=True):
            yield from ("127.0.0.1", str(self.really.get(Endpoint(host, int(port)), 1)))

    def server_time(self, _: Deadline) -> datetime:
        return datetime.now(UTC)


def pod(name: str, namespace: str, *containers: str, ready: Sequence[str] | None = None) -> dict[str, Any]:
    """A pod whose containers are ready, or some of them."""
    told = [{"name": each, "ready": ready is None or each in ready} for each in containers]
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"containers": [{"name": each} for each in containers]},
        "status": {"containerStatuses": told, "podIP": "10.0.0.1"},
    }


# Servers


@contextmanager
def listening(answer: Callable[[socket.socket], None] | None = None, host: str = "127.0.0.1") -> Iterator[int]:
    """A port that takes connections, says what `answer` says, and ends them."""
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    peer, _ = server.accept()
                    threading.Thread(target=_talk, args=(peer, answer), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def _talk(peer: socket.socket, answer: Callable[[socket.socket], None] | None) -> None:
    with peer, suppress(OSError):
        if answer is not None:
            answer(peer)


def saying(words: bytes) -> Callable[[socket.socket], None]:
    """Hears something, and says this."""

    def answer(peer: socket.socket) -> None:
        peer.recv(65536)
        peer.sendall(words)

    return answer


def mute(peer: socket.socket) -> None:
    """Hears, and says nothing until the other side ends the talk."""
    while peer.recv(65536):
        pass


@contextmanager
def full() -> Iterator[int]:
    """A port that swallows whoever calls: its queue is full."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        address = server.getsockname()
        callers = [socket.socket() for _ in range(3)]
        for each in callers:
            each.setblocking(False)
            each.connect_ex(address)
        yield address[1]
        for each in callers:
            each.close()


def closed() -> int:
    """A port at which nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


def by_tls(folder: Path, certificate: bytes, key: bytes, **settings: Any) -> Callable[[socket.socket], None]:
    """Shakes hands as TLS, by Python's own server; `settings` are the context's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    file = folder / "server.pem"
    file.write_bytes(certificate + key)
    context.load_cert_chain(file)
    for name, value in settings.items():
        setattr(context, name, value)

    def answer(peer: socket.socket) -> None:
        with suppress(ssl.SSLError), context.wrap_socket(peer, server_side=True) as talk:
            talk.recv(1)

    return answer
