"""`invoke verify --live` on a real node: exec into real pods, whose stand-in of `flow` goes by the live route table."""

from __future__ import annotations

import io
import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from renderers.cluster.clock import Deadline
from renderers.cluster.references import Reference
from renderers.verify_live_command import Request, run_verify_live
from tests.cluster import sites
from tests.cluster.harness.cluster import Cluster
from tests.cluster.sites import FILE, Ended, federation, kubeconfig
from tests.cluster.standins import image
from tests.cluster.test_real_node import EGGROLL, SMALL, Land, ended_pods_go, until

TABLE: Final = "route_table.json"


@pytest.fixture(scope="module")
def land(real_node: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Land]:
    """Two parties, of which the first has a client, and the second none."""
    folder = tmp_path_factory.mktemp("toy")
    image.give(real_node)
    with ended_pods_go(real_node), pytest.MonkeyPatch.context() as patch:
        sites.use(patch, kubeconfig(folder / "kubeconfig", bank=real_node))
        land = Land(real_node, folder / "land")
        modules = (*EGGROLL, "client")
        land.plan(
            federation(
                land.party(9999, modules),
                land.party(10000, EGGROLL),
                clusters=[land.bank(2)],
                defaults={"components": dict.fromkeys(modules, SMALL)},
            )
        )
        land.come_up("party-9999", "party-10000")
        yield land


def live(land: Land, **options: Any) -> Ended:
    """`invoke verify --live`."""
    told = io.StringIO()
    given = {"timeout": 60, "format_name": "json", **options}
    text, code = run_verify_live(Request(file=str(land.folder / FILE), **given), stderr=told)
    return Ended(text, code, told.getvalue())


def states(ended: Ended) -> dict[tuple[int, int], str]:
    """How each pair ended."""
    found = ended.data["verify"]["live"]["toyExamples"]
    return {(each["guest"], each["host"]): each["state"] for each in found}


def dial(land: Land, port: int) -> int:
    """Write another port of party 10000 into the live route table of 9999; the earlier one is given back."""
    wanted = Reference("v1", "ConfigMap", land.namespace(9999), "rollsite-config")
    found = land.api.get(wanted, Deadline(20))
    assert found is not None
    table = json.loads(found["data"][TABLE])
    endpoints = [each for listed in table["route_table"]["10000"].values() for each in listed]
    (earlier,) = {int(each["port"]) for each in endpoints}
    for each in endpoints:
        each["port"] = port
    land.api.merge({"data": {TABLE: json.dumps(table)}}, wanted, Deadline(20))
    file = f"{hot_folder(land)}/{TABLE}"
    until(lambda: json.loads(land.run(9999, "rollsite", "cat", file)) == table, 150)
    return earlier


def hot_folder(land: Land) -> str:
    """Where the route table is mounted in rollsite's container."""
    (container,) = land.pod(9999, "rollsite")["spec"]["containers"]
    volumes = {each["name"]: each for each in land.pod(9999, "rollsite")["spec"]["volumes"]}
    named = (
        mount["mountPath"]
        for mount in container["volumeMounts"]
        if volumes[mount["name"]].get("configMap", {}).get("name") == "rollsite-config" and "subPath" not in mount
    )
    return str(next(named))


@pytest.mark.timeout(500)
def test_a_wrong_port_fails_its_pair_and_no_other(land: Land) -> None:
    """All four jobs succeed; with another port in the live table of the guest one fails; --failed repeats that one."""
    ended = live(land)
    assert (ended.code, set(states(ended).values())) == (0, {"proved"}), ended.all
    assert len(states(ended)) == 4
    assert "1999.9999999999998" in (land.folder / ".fedplan/verify/9999-10000.log").read_text(encoding="utf-8")

    right = dial(land, 9)
    ended = live(land)
    assert ended.code == 1, ended.all
    assert states(ended) == {
        (9999, 9999): "proved",
        (10000, 10000): "proved",
        (9999, 10000): "failed",
        (10000, 9999): "proved",
    }
    (found,) = [each for each in ended.data["diagnostics"] if each["severity"] == "error"]
    notes = [note["message"] for note in found["notes"]]
    assert found["code"] == "FED980"
    assert any("the way: party 9999 -> party 10000" in note for note in notes), notes
    assert any("the way from the guest's router to the host" in note for note in notes), notes

    dial(land, right)
    ended = live(land, failed=True)
    assert (ended.code, states(ended)) == (0, {(9999, 10000): "proved"}), ended.all
    ended = live(land, failed=True)
    assert (ended.code, states(ended)) == (0, {})


def hangs(land: Land) -> None:
    """Let jobs of 9999 never end."""
    land.run(9999, "client", "sh", "-c", "touch /tmp/hang")


def hangs_anew(land: Land) -> None:
    """Let jobs that are left end, which nobody does when an exec is left, and the next never end."""
    land.run(9999, "client", "rm", "/tmp/hang")
    until(lambda: not is_running(land))
    hangs(land)


def is_running(land: Land) -> bool:
    """Whether a job has been started in the client's pod."""
    return "test toy" in land.run(9999, "client", "sh", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '")


@pytest.mark.timeout(300)
def test_jobs_that_do_not_end(land: Land) -> None:
    """One that hangs ends at its deadline, one is interrupted, and one dies with its pod."""
    hangs(land)
    ended = live(land, pairs=("9999:10000",), timeout=5)
    (found,) = ended.data["verify"]["live"]["toyExamples"]
    assert (ended.code, found["state"]) == (1, "failed"), ended.all
    assert "had not ended after 5 seconds" in found["reason"]
    assert found["probably"].startswith("the data path")
    assert "is running" in (land.folder / ".fedplan/verify/9999-10000.log").read_text(encoding="utf-8")

    hangs_anew(land)
    process = sites.begun(land.folder, "verify", "--live", "--pair", "9999:10000", "--format", "json")
    until(lambda: is_running(land))
    process.send_signal(signal.SIGINT)
    ended = sites.ended(process, 20)
    (found,) = ended.data["verify"]["live"]["toyExamples"]
    assert (ended.code, found["state"]) == (3, "unchecked"), ended.all
    assert "interrupted" in found["reason"]

    hangs_anew(land)
    client = land.pod(9999, "client")["metadata"]
    with ThreadPoolExecutor(1) as operator:
        job = operator.submit(live, land, pairs=("9999:10000",))
        until(lambda: is_running(land))
        land.api.delete(Reference("v1", "Pod", client["namespace"], client["name"]), Deadline(20), uid=client["uid"])
        ended = job.result(100)
    (found,) = ended.data["verify"]["live"]["toyExamples"]
    assert (ended.code, found["state"]) == (3, "unchecked"), ended.all

    def is_back() -> bool:
        return live(land, failed=True).code == 0

    until(is_back, 100)
