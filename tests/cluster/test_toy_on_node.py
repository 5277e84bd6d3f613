"""`invoke verify --live` on a real node: exec into real pods, whose stand-in of `flow` goes by the live route table."""

from __future__ import annotations

import io
import json
import signal
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest

from renderers.cluster.clock import Deadline
from renderers.cluster.references import Reference
from renderers.verify_live_command import Request, run_verify_live
from tests import charts
from tests.cluster import sites
from tests.cluster.conftest import helm_binary
from tests.cluster.harness.cluster import Cluster
from tests.cluster.sites import FILE, Ended, federation, kubeconfig, planned
from tests.cluster.standins import image
from tests.cluster.test_real_node import EGGROLL, SMALL, Land, ended_pods_go, until, ways_open

TABLE: Final = "route_table.json"
CHART_IMAGES: Final = tuple(f"federatedai/{name}:1.11.2-release" for name in ("eggroll", "fateflow", "mysql"))
"""The images of the small charts, as their values name them."""


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
        ways_open("rollsite", {9999: land, 10000: land})
        yield land


def live(land: Land, **options: Any) -> Ended:
    """`invoke verify --live`, of which toy examples alone are meant here."""
    told = io.StringIO()
    given = {"only": "toy", "timeout": 60, "format_name": "json", **options}
    text, code = run_verify_live(Request(file=str(land.folder / FILE), **given), stderr=told)
    return Ended(text, code, told.getvalue())


def states(ended: Ended) -> dict[tuple[int, ...], str]:
    """How each job ended, by its guest and hosts."""
    found = ended.data["verify"]["live"]["toyExamples"]
    return {(each["guest"], *each["hosts"]): each["state"] for each in found}


def dial(land: Land, port: int) -> int:
    """Write another port of party 10000 into the live route table of 9999; the earlier one is given back."""
    table = live_table(land, 9999)
    endpoints = [each for listed in table["route_table"]["10000"].values() for each in listed]
    (earlier,) = {int(each["port"]) for each in endpoints}
    for each in endpoints:
        each["port"] = port
    rewrite(land, 9999, table)
    return earlier


def live_table(land: Land, site: object, component: str = "rollsite") -> dict[str, Any]:
    """The live route table of a site's router."""
    found = land.api.get(_table_of(land, site, component), Deadline(20))
    assert found is not None
    table: dict[str, Any] = json.loads(found["data"][TABLE])
    return table


def rewrite(land: Land, site: object, table: Mapping[str, Any], component: str = "rollsite") -> None:
    """Write a live route table, and wait until it has come to the router's pod."""
    land.api.merge({"data": {TABLE: json.dumps(table)}}, _table_of(land, site, component), Deadline(20))
    file = f"{hot_folder(land, site, component)}/{TABLE}"
    until(lambda: json.loads(land.run(site, component, "cat", file)) == table, 150)


def hot_folder(land: Land, site: object, component: str) -> str:
    """Where the route table is mounted in a router's container."""
    (container,) = land.pod(site, component)["spec"]["containers"]
    volumes = {each["name"]: each for each in land.pod(site, component)["spec"]["volumes"]}
    named = (
        mount["mountPath"]
        for mount in container["volumeMounts"]
        if volumes[mount["name"]].get("configMap", {}).get("name") == f"{component}-config" and "subPath" not in mount
    )
    return str(next(named))


def _table_of(land: Land, site: object, component: str) -> Reference:
    return Reference("v1", "ConfigMap", land.namespace(site), f"{component}-config")


def test_a_wrong_port_fails_its_pair_and_no_other(land: Land) -> None:
    """All four jobs succeed; with another port in one live table the pair fails both ways; --failed repeats these.

    The one who dials the wrong port gets no job across as guest, and as host no answer.
    """
    ended = live(land)
    assert (ended.code, set(states(ended).values())) == (0, {"proved"}), ended.all
    assert len(states(ended)) == 4
    assert "1999.9999999999998" in (land.folder / ".fedplan/verify/9999-10000.log").read_text(encoding="utf-8")

    right = dial(land, 9)
    ended = live(land, only="", timeout=30)
    assert ended.code == 1, ended.all
    assert states(ended) == {
        (9999, 9999): "proved",
        (10000, 10000): "proved",
        (9999, 10000): "failed",
        (10000, 9999): "failed",
    }
    errors = [each for each in ended.data["diagnostics"] if each["severity"] == "error"]
    table, found, back = sorted(errors, key=lambda each: str(each["code"]))
    notes = [note["message"] for note in found["notes"]]
    assert [table["code"], found["code"], back["code"]] == ["FED976", "FED980", "FED980"]
    assert "ConfigMap rollsite-config: 10000 leads to " in table["message"]
    assert "10000 -> 9999 failed: job " in back["message"]
    assert "had not ended after" in back["message"]
    assert any("a probe has found it: party 9999 -> party 10000 " in note for note in notes), notes
    assert any("the way: party 9999 -> party 10000" in note for note in notes), notes
    assert any("the way from the guest's router to the host" in note for note in notes), notes

    dial(land, right)
    ended = live(land, failed=True)
    assert (ended.code, states(ended)) == (0, {(9999, 10000): "proved", (10000, 9999): "proved"}), ended.all
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


def test_jobs_that_do_not_end(land: Land) -> None:
    """One that hangs ends at its deadline, one is interrupted, and one dies with its pod."""
    hangs(land)
    ended = live(land, pairs=("9999:10000",), timeout=25)
    (found,) = ended.data["verify"]["live"]["toyExamples"]
    assert (ended.code, found["state"]) == (1, "failed"), ended.all
    assert "had not ended after" in found["reason"]
    assert found["probably"].startswith("the data path")
    assert "is running" in (land.folder / ".fedplan/verify/9999-10000.log").read_text(encoding="utf-8")

    hangs_anew(land)
    named = ("--only", "toy", "--pair", "9999:10000", "--format", "json")
    process = sites.begun(land.folder, "verify", "--live", *named)
    until(lambda: is_running(land))
    process.send_signal(signal.SIGINT)
    ended = sites.ended(process)
    (found,) = ended.data["verify"]["live"]["toyExamples"]
    assert (ended.code, found["state"]) == (3, "unchecked"), ended.all
    assert "interrupted" in found["reason"]

    hangs_anew(land)
    client = land.pod(9999, "client")["metadata"]
    with ThreadPoolExecutor(1) as operator:
        job = operator.submit(live, land, pairs=("9999:10000",))
        until(lambda: is_running(land))
        land.api.delete(Reference("v1", "Pod", client["namespace"], client["name"]), Deadline(60), uid=client["uid"])
        ended = job.result(300)
    (found,) = ended.data["verify"]["live"]["toyExamples"]
    assert (ended.code, found["state"]) == (3, "unchecked"), ended.all

    def is_back() -> bool:
        return live(land, failed=True).code == 0

    until(is_back, 300)


def test_parties_that_helm_has_installed(real_node: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are started in the pods of charts, which have names, labels and containers of their own."""
    monkeypatch.setenv("FEDPLAN_HELM", str(helm_binary(3)))
    sites.use(monkeypatch, kubeconfig(tmp_path / "kubeconfig", bank=real_node))
    image.give(real_node)
    image.name_after(real_node, CHART_IMAGES)
    land = Land(real_node, tmp_path / "land")
    charts.write_package(land.folder / "charts", "fate", "v1.11.2")
    parties = (land.party(9999, EGGROLL), land.party(10000, EGGROLL))
    defaults = {"target": "helm", "charts": "charts"}
    planned(land.folder, federation(*parties, clusters=[land.bank(2)], defaults=defaults))
    with ended_pods_go(real_node):
        land.come_up("party-9999", "party-10000")
        ways_open("rollsite", {9999: land, 10000: land})
        ended = live(land, only="")
        assert (set(states(ended).values()), len(states(ended))) == ({"proved"}, 4), ended.all
        probes = ended.data["verify"]["live"]["probes"]
        assert {each["truth"] for each in probes if each["area"] in {"cluster", "ways"}} == {"true"}, ended.all
        table = live_table(land, 9999)
        (entry,) = table["route_table"]["10000"]["default"]
        rewrite(
            land, 9999, {**table, "route_table": {**table["route_table"], "10000": {"default": [{**entry, "port": 9}]}}}
        )
        ended = live(land, pairs=("9999:10000",), timeout=30)
    assert (ended.code, states(ended)) == (1, {(9999, 10000): "failed"}), ended.all
