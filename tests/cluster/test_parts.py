"""The parts of the harness that need no cluster."""

from __future__ import annotations

import io
import json
import os
import signal
import struct
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.harness import debian, dns, fate, places, runs
from tests.cluster.harness.api import Endpoint
from tests.cluster.harness.failures import HarnessError
from tests.cluster.harness.fates import Fate, Lot, Outcome, fate_of, outcome
from tests.cluster.harness.images import Tree, full_name, write_image
from tests.cluster.harness.processes import Processes
from tests.cluster.harness.steps import Steps


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("mysql:8.0.28", "docker.io/library/mysql:8.0.28"),
        ("mysql", "docker.io/library/mysql:latest"),
        ("federatedai/osx:2.0.0-release", "docker.io/federatedai/osx:2.0.0-release"),
        ("localhost/standin:1", "localhost/standin:1"),
        ("registry.example.org:5000/a/b", "registry.example.org:5000/a/b:latest"),
        ("hub:5000/a@sha256:12", "hub:5000/a@sha256:12"),
    ],
)
def test_images_have_full_names(name: str, full: str) -> None:
    """An image is kept under the name that a pod's short one stands for."""
    assert full_name(name) == full


def test_an_image_has_what_it_is_given(tmp_path: Path) -> None:
    """Files, links and folders are in its layer, and its environment beside the search path in its settings."""
    tree = Tree()
    tree.add("/bin/program", b"text")
    tree.link("/bin/other", "program")
    tree.add_folder("/var/run", 0o1777)
    write_image("localhost/small:1", tree, tmp_path / "small.tar", [], ["/bin/program"], {"COLOUR": "green"})
    with tarfile.open(tmp_path / "small.tar") as image:
        blobs = {name: image.extractfile(name) for name in image.getnames() if name.startswith("blobs/")}
        read = [blob.read() for blob in blobs.values() if blob is not None]
    (settings,) = [found["config"] for found in map(json.loads, read[:2]) if "config" in found and "rootfs" in found]
    assert settings["Entrypoint"] == ["/bin/program"]
    assert settings["Env"][0].startswith("PATH=")
    assert settings["Env"][1:] == ["COLOUR=green"]
    with tarfile.open(fileobj=io.BytesIO(read[2])) as layer:
        assert layer.getmember("usr/bin/other").linkname == "program"
        assert layer.getmember("var/run").mode == 0o1777
        assert layer.getmember("usr/bin/program").size == 4


def test_the_image_of_fate_is_not_made_while_tests_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a test is told how to get it; that takes minutes."""
    monkeypatch.setenv(places.CACHE, str(tmp_path))
    cluster: Any = None
    with pytest.raises(HarnessError, match="build --fate"):
        fate.give(cluster)


def test_the_longest_part_of_a_name_counts() -> None:
    """An image has the fate of the longest listed part of its name, or of a function of it."""
    fates = {"fate": "crash", "fateflow": "oom"}
    assert [fate_of(image, fates) for image in ("a/fateflow:1", "a/fate:1", "b:1")] == [
        Fate.OOM,
        Fate.CRASH,
        Fate.READY,
    ]
    assert fate_of("b:1", lambda image: "never-ready" if image == "b:1" else None) is Fate.NEVER_READY


def test_unknown_fate_is_refused() -> None:
    """A misspelt fate is an error."""
    with pytest.raises(ValueError, match="imagepull"):
        fate_of("a", {"a": "imagepull"})


def pod(init: bool = False, **spec: Any) -> dict[str, Any]:
    """Make a pod of one container, or two."""
    containers = {"containers": [{"name": "main", "image": "main:1"}]}
    first = {"initContainers": [{"name": "first", "image": "first:1"}]} if init else {}
    metadata = {"name": "web", "namespace": "test", "uid": "1"}
    return {"metadata": metadata, "spec": {**containers, **first, **spec}}


def status(made: dict[str, Any], **lots: Lot) -> Outcome:
    """Look at a pod."""
    return outcome(made, lots, "2026-01-01T00:00:00Z", "127.0.0.1", "10.1.2.3")


def test_pauses_between_restarts_double() -> None:
    """Restarts happen after one second, three, seven and so on, and what was counted stays."""
    ages = (0.5, 1.5, 3.5, 7.5)
    counted = [status(pod(), main=Lot(Fate.CRASH, age)).status["containerStatuses"][0]["restartCount"] for age in ages]
    assert counted == [1, 2, 3, 4]
    well = pod() | {"status": {"containerStatuses": [{"name": "main", "restartCount": 4}]}}
    assert status(well, main=Lot(Fate.READY, 0)).status["containerStatuses"][0]["restartCount"] == 4


@pytest.mark.parametrize(("policy", "phase"), [("Never", "Failed"), ("OnFailure", "Running")])
def test_container_that_is_not_restarted(policy: str, phase: str) -> None:
    """A pod whose containers are never restarted has failed."""
    assert status(pod(restartPolicy=policy), main=Lot(Fate.CRASH, 0.5)).status["phase"] == phase


def test_init_containers_come_first() -> None:
    """While an init container fails, the others wait."""
    found = status(pod(init=True), first=Lot(Fate.IMAGE_PULL, 1), main=Lot(Fate.READY, 1)).status
    reasons = [found[key][0]["state"]["waiting"]["reason"] for key in ("initContainerStatuses", "containerStatuses")]
    assert (found["phase"], reasons) == ("Pending", ["ImagePullBackOff", "PodInitializing"])
    found = status(pod(init=True), first=Lot(Fate.READY, 1), main=Lot(Fate.READY, 1)).status
    assert (found["phase"], found["initContainerStatuses"][0]["state"]["terminated"]["exitCode"]) == ("Running", 0)


def test_sources_come_from_where_packages_come_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists of sources ask the machine's own mirrors, and no other vendor's."""
    parts = tmp_path / "apt/sources.list.d"
    parts.mkdir(parents=True)
    (tmp_path / "apt/sources.list").write_text(
        "# deb http://a.example/debian bookworm main\n"
        "deb [signed-by=/k.gpg] http://b.example/debian bookworm main contrib\n"
        "deb http://b.example/debian bookworm-updates main\n"
        "deb http://vendor.example stable-tools main\n"
    )
    (parts / "debian.sources").write_text(
        "Types: deb\n# a snapshot\nURIs: http://c.example/debian\nSuites: bookworm bookworm-updates\n"
        "Components: main\nSigned-By: /k.gpg\n\n"
        "Types: deb\nURIs: http://d.example/debian\nSuites: bookworm\nComponents: main\nEnabled: no\n"
    )
    monkeypatch.setattr(debian, "APT", tmp_path / "apt")
    assert debian.write_source_lists(tmp_path, "bookworm") == 2
    assert (tmp_path / "machine.list").read_text() == (
        "deb-src [signed-by=/k.gpg] http://b.example/debian bookworm main\n"
    )
    assert (tmp_path / "machine.sources").read_text() == (
        "Types: deb-src\nURIs: http://c.example/debian\nSuites: bookworm\nComponents: main\nSigned-By: /k.gpg\n"
    )


@pytest.mark.parametrize(
    ("found", "kind", "code", "count"), [(["10.0.0.1", "10.0.0.2"], 1, 0, 2), (["10.0.0.1"], 28, 0, 0), (None, 1, 3, 0)]
)
def test_dns_answers(found: list[str] | None, kind: int, code: int, count: int) -> None:
    """A name has its addresses, none of another kind, or is no name."""

    class Known(dns.Names):
        """Knows one name."""

        def __init__(self) -> None:
            self.asked = ""

        def addresses(self, name: str) -> list[str] | None:
            self.asked = name
            return found

    names = Known()
    question = struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0) + b"\x03web\x01a\x00" + struct.pack(">2H", kind, 1)
    number, flags, _, answers, *_ = struct.unpack_from(">6H", dns.answer(question, names))
    assert (names.asked, number, flags & 15, answers) == ("web.a", 7, code, count)


def test_dns_goes_on_without_the_api_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that was asked before keeps its addresses while nobody answers; another one has none."""

    class Asked(dns.Names):
        """Asks nobody."""

        def _look_up(self, labels: tuple[str, ...]) -> list[str] | None:
            if is_away:
                raise ConnectionRefusedError
            return [f"10.0.0.{len(labels)}"]

    is_away = False
    names = Asked(Endpoint("https://127.0.0.1:1", Path("ca.crt"), "token"))
    monkeypatch.setattr(dns, "_KEPT", 0.0)
    assert names.addresses("web.a") == ["10.0.0.2"]
    is_away = True
    assert names.addresses("web.a") == ["10.0.0.2"]
    with pytest.raises(ConnectionRefusedError):
        names.addresses("web.b")


def test_failure_names_step_command_and_log(tmp_path: Path) -> None:
    """A command that fails says which step that was, and what it said last."""
    steps = Steps(tmp_path, quiet=True)
    steps.begin("make a mess: now")
    with pytest.raises(HarnessError) as failure:
        steps.run(["sh", "-c", "echo first; echo last; exit 3"])
    lines = str(failure.value).splitlines()
    assert (lines[0], lines[-1]) == ("make a mess: now: ended with exit code 3", "  last")
    assert lines[1] == "  command: sh -c echo first; echo last; exit 3"


def test_processes_are_ended_by_their_records(tmp_path: Path) -> None:
    """Another object ends what one has started, even if it is stopped; a pid that is somebody else's is left alone."""
    Processes(tmp_path).start("sleeper", ["sleep", "100"])
    Processes(tmp_path).signal("sleeper", signal.SIGSTOP)
    found = Processes(tmp_path)
    assert (found.names(), found.is_alive("sleeper")) == (["sleeper"], True)
    record = tmp_path / "processes/other.json"
    record.write_text((tmp_path / "processes/sleeper.json").read_text().replace('"began": ', '"began": 1'))
    assert not found.is_alive("other")
    found.end(["sleeper"])
    assert (found.names(), found.is_alive("sleeper")) == (["other"], False)


def test_component_that_dies_is_named(tmp_path: Path) -> None:
    """Waiting ends as soon as a process has died, with the end of its log."""
    processes = Processes(tmp_path)
    processes.start("server", ["sh", "-c", "echo no such flag >&2; exit 1"])
    with pytest.raises(HarnessError, match=r"(?s)wait until it answers: server ended by itself.*no such flag"):
        processes.wait("it answers", lambda: False, 20, ["server"])


def test_runs_have_their_own_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run has ports of its own; what belongs to a process that lives is not taken for left behind."""
    monkeypatch.setattr(places, "runs", lambda: tmp_path / "runs")
    first, ports = runs.claim(owned=True)
    second, others = runs.claim(owned=False)
    assert (runs.every(), len({ports.apiserver, others.apiserver, ports.etcd, others.etcd})) == ([first, second], 4)
    assert (runs.owner(first), runs.owner(second)) == (runs.Owner.ALIVE, runs.Owner.NOBODY)
    (first / "owner.json").write_text(f'{{"pid": {os.getpid()}, "began": 1}}')
    assert runs.owner(first) is runs.Owner.DEAD


def test_missing_programs_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that lacks programs is refused with their names."""
    from tests.cluster.harness.build import build

    (tmp_path / "kube-apiserver").symlink_to(sys.executable)
    monkeypatch.setenv(places.GIVEN_PROGRAMS, str(tmp_path))
    with pytest.raises(HarnessError, match="has no kube-controller-manager, kube-scheduler, which level control needs"):
        build()
