"""Faults put on purpose into federations that run: `invoke verify --live` names the right pair and the right hop.

Two federations on two real clusters, whose pods are stand-ins of FATE's: a mesh of three parties, one of which is on a
cluster of its own, and a star of two parties whose messages go through a hub.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from renderers.cluster.clock import Deadline
from renderers.cluster.references import Reference
from tests.cluster import sites
from tests.cluster.harness import faults
from tests.cluster.harness.cluster import Cluster
from tests.cluster.middleman import Wire
from tests.cluster.sites import Ended, federation, kubeconfig
from tests.cluster.standins import image
from tests.cluster.test_real_node import EGGROLL, OSX, SMALL, Land, ended_pods_go, until, ways_open
from tests.cluster.test_toy_on_node import hangs, is_running, live, live_table, rewrite, states

PAIRS: Final = ((9999, 10000), (9999, 8888), (10000, 9999), (10000, 8888), (8888, 9999), (8888, 10000))
SELF: Final = ((9999, 9999), (10000, 10000), (8888, 8888))
THREE: Final = (9999, 10000, 8888)


@dataclass(slots=True)
class Faulty:
    """The two federations: of the mesh the sites at bank and those at shop, and the star."""

    bank: Cluster
    shop: Cluster
    mesh: Land
    beyond: Land
    star: Land


@pytest.fixture(scope="module")
def lands(real_node: Cluster, second_real_node: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    """Both federations, up and as planned."""
    folder = tmp_path_factory.mktemp("faults")
    clusters = {"bank": real_node, "shop": second_real_node}
    with ExitStack() as stack:
        for cluster in clusters.values():
            image.give(cluster)
            stack.enter_context(ended_pods_go(cluster))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        sites.use(patch, kubeconfig(folder / "kubeconfig", **clusters))
        mesh = Land(real_node, folder / "mesh")
        beyond = Land(second_real_node, folder / "mesh", name=mesh.name, context="shop")
        star = Land(real_node, folder / "star")
        plan_mesh(mesh, beyond)
        plan_star(star)
        with ThreadPoolExecutor(2) as operators:
            coming = [
                operators.submit(mesh.come_up, "party-9999", "party-10000", "party-8888"),
                operators.submit(star.come_up, "exchange-hub", "party-9999", "party-10000"),
            ]
            for each in coming:
                each.result()
        ways_open("rollsite", {9999: mesh, 10000: mesh, 8888: beyond})
        ways_open("osx", {9999: star, 10000: star})
        yield Faulty(real_node, second_real_node, mesh, beyond, star)


def plan_mesh(mesh: Land, beyond: Land) -> None:
    """Three parties of FATE v1.11.2, of which 8888 is on the other cluster, and 9999 has a client."""
    modules = (*EGGROLL, "client")
    mesh.plan(
        federation(
            mesh.party(9999, modules),
            mesh.party(10000, EGGROLL),
            mesh.party(8888, EGGROLL, "shop"),
            clusters=[mesh.bank(2), beyond.bank(1)],
            defaults={"components": dict.fromkeys(modules, SMALL)},
        )
    )
    beyond.name_images()


def plan_star(star: Land) -> None:
    """Two parties of FATE v2.0.0, which start jobs in their clients, and the hub that all their messages pass."""
    modules = (*OSX, "client")
    hub = {"name": "hub", "cluster": "bank", "namespace": star.namespace("hub"), "components": {"osx": SMALL}}
    star.plan(
        federation(
            star.party(9999, modules),
            star.party(10000, modules),
            release="v2.0.0",
            clusters=[star.bank(3)],
            exchanges=[hub],
            defaults={"components": dict.fromkeys(modules, SMALL)},
        )
    )


# What a run says


def false(ended: Ended) -> set[tuple[str, str, str | None]]:
    """The sentences that are not true: of whom, of which sort, and about whom."""
    found = ended.data["verify"]["live"]["probes"]
    return {(each["site"], each["sort"], each["peer"]) for each in found if each["truth"] == "false"}


def is_all_true(ended: Ended) -> bool:
    """Whether every sentence is true."""
    return {each["truth"] for each in ended.data["verify"]["live"]["probes"]} == {"true"}


def counted(ended: Ended) -> tuple[int, int, int]:
    """How many pairs are open, closed and unchecked by what the probes say."""
    found = ended.data["verify"]["live"]["verdicts"]
    return found["open"], found["closed"], found["unchecked"]


def accused(ended: Ended, guest: int, host: int) -> list[tuple[str, str, str | None]]:
    """Whose sentences are held against a pair: the site, the sort, and whom it dials."""
    (found,) = (
        each["accused"]
        for each in ended.data["verify"]["live"]["toyExamples"]
        if (each["guest"], each["hosts"]) == (guest, [host])
    )
    return [(each["site"], each["sort"], each["peer"]) for each in found]


def words(ended: Ended, guest: int, host: int) -> str:
    """All that is said of a pair that failed."""
    begin = f"the toy example {guest} -> {host} failed: "
    (found,) = (each for each in ended.data["diagnostics"] if each["message"].startswith(begin))
    assert found["code"] == "FED980"
    return " ".join((found["message"], *(note["message"] for note in found["notes"])))


def everything(land: Land, **options: Any) -> Ended:
    """`invoke verify --live` with probes and toy examples."""
    return live(land, **{"only": "", **options})


def asked(*pairs: tuple[int, int]) -> tuple[str, ...]:
    """Pairs as they are named on the command line."""
    return tuple(f"{guest}:{host}" for guest, host in pairs)


@contextmanager
def scaled_to_zero(land: Land, site: object, component: str) -> Iterator[None]:
    """Keep a router without pods while a block runs."""
    name = Reference("apps/v1", "Deployment", land.namespace(site), component)

    def scale(number: int) -> None:
        land.api.merge({"spec": {"replicas": number}}, name, Deadline(20))
        until(lambda: is_open(land.door(site, component)) == bool(number) == bool(land.all_pods(site)))

    scale(0)
    try:
        yield
    finally:
        scale(1)


def is_open(door: str) -> bool:
    """Whether somebody takes connections at a door of a node."""
    host, _, port = door.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 2).close()
    except OSError:
        return False
    return True


# What goes wrong


def test_every_pair_talks(lands: Faulty) -> None:
    """Three parties on two clusters: all that is asked is true, and all ten jobs succeed; so it is with the star."""
    ended = everything(lands.mesh, all_pairs=True)
    assert (ended.code, states(ended)) == (0, dict.fromkeys((*SELF, *PAIRS, THREE), "proved")), ended.all
    assert (is_all_true(ended), counted(ended)) == (True, (6, 0, 0)), ended.all
    ended = everything(lands.star)
    assert (ended.code, set(states(ended).values()), len(states(ended))) == (0, {"proved"}, 4), ended.all
    assert (is_all_true(ended), counted(ended)) == (True, (2, 0, 0)), ended.all


def test_a_dead_exchange(lands: Faulty) -> None:
    """Without the hub's router every pair fails that goes through it, and the hub is named; nobody fails alone."""
    hub = lands.star.door("hub", "osx")
    pairs = ((9999, 10000), (10000, 9999))
    with scaled_to_zero(lands.star, "hub", "osx"):
        probed, tried = everything(lands.star), live(lands.star, timeout=30)
    expected = {(9999, 9999): "proved", (10000, 10000): "proved", **dict.fromkeys(pairs, "failed")}
    assert (probed.code, states(probed), counted(probed)) == (1, expected, (0, 2, 0)), probed.all
    assert (tried.code, states(tried)) == (1, expected), tried.all
    dials = {(f"party-{party}", "peer-accepts", "exchange-hub") for party in (9999, 10000)}
    assert false(probed) == {("exchange-hub", "workloads-ready", None), *dials}, probed.all
    for guest, host in pairs:
        assert set(accused(probed, guest, host)) == dials
        assert f"not tried: party {guest} -> exchange hub ({hub})" in words(probed, guest, host)
        assert f"its words name {hub}, where party {guest} dials exchange hub" in words(tried, guest, host)
    ended = live(lands.star, failed=True)
    assert (ended.code, states(ended)) == (0, dict.fromkeys(pairs, "proved")), ended.all


def test_a_one_way_route(lands: Faulty) -> None:
    """10000 has no route to 9999 any more: its own jobs do not start, and those of 9999 get no answer."""
    table = live_table(lands.mesh, 10000)
    without = {party: entry for party, entry in table["route_table"].items() if party not in {"9999", "default"}}
    cut, others = ((9999, 10000), (10000, 9999)), ((9999, 8888), (8888, 10000), (10000, 8888))
    rewrite(lands.mesh, 10000, {**table, "route_table": without})
    try:
        ended = everything(lands.mesh, pairs=asked(*cut, *others), timeout=30)
    finally:
        rewrite(lands.mesh, 10000, table)
    expected = {**dict.fromkeys(cut, "failed"), **dict.fromkeys(others, "proved")}
    assert (ended.code, states(ended)) == (1, expected), ended.all
    back = ("party-10000", "tables-planned", "party-9999")
    assert false(ended) == {back}, ended.all
    assert [accused(ended, *pair) for pair in cut] == [[back], [back]]
    assert "no route to 9999" in words(ended, 10000, 9999)
    assert "had not ended after" in words(ended, 9999, 10000)


def test_a_party_whose_cluster_is_down(lands: Faulty) -> None:
    """Without shop's API server nothing is known of its jobs; those of others with it succeed, since its pods run."""
    with faults.stopped(lands.shop):
        ended = everything(lands.mesh, all_pairs=True)
    away = {job: "unchecked" for job in states(ended) if job[0] == 8888}
    assert (ended.code, states(ended)) == (3, {**dict.fromkeys((*SELF, *PAIRS, THREE), "proved"), **away}), ended.all
    assert (false(ended), counted(ended)) == (set(), (2, 0, 4)), ended.all
    (found,) = (each for each in ended.data["diagnostics"] if each["severity"] == "error")
    assert (found["code"], "cluster shop does not answer" in found["message"]) == ("FED901", True)


def test_a_node_that_is_gone(lands: Faulty) -> None:
    """Neither shop's API server nor its pods can be reached: pairs towards it fail, and the hop to it is named."""
    shop = lands.beyond.door(8888, "rollsite")
    with faults.stopped(lands.shop), faults.unplugged(lands.shop, lands.bank):
        probed = everything(lands.mesh, only="probes")
        tried = live(lands.mesh, pairs=asked((9999, 8888), (8888, 9999), (10000, 9999)), timeout=30)
    dials = {(f"party-{party}", "peer-accepts", "party-8888") for party in (9999, 10000)}
    assert (probed.code, false(probed), counted(probed)) == (1, dials, (2, 2, 2)), probed.all
    expected = {(9999, 8888): "failed", (8888, 9999): "unchecked", (10000, 9999): "proved"}
    assert (tried.code, states(tried)) == (1, expected), tried.all
    assert f"its words name {shop}, where party 9999 dials party 8888" in words(tried, 9999, 8888)


def test_a_cluster_that_swallows_packets(lands: Faulty) -> None:
    """Packets from bank vanish at shop: pairs of the two fail in both directions, and each names the hop it dials."""
    shop, bank = lands.beyond.door(8888, "rollsite"), lands.mesh.door(9999, "rollsite")
    pairs = ((9999, 8888), (8888, 9999))
    with faults.swallowing(lands.shop, lands.bank):
        probed = everything(lands.mesh, only="probes")
        tried = live(lands.mesh, pairs=asked(*pairs, (9999, 10000)), timeout=30)
    dials = {(each, "peer-accepts", "party-8888") for each in ("party-9999", "party-10000")}
    dials |= {("party-8888", "peer-accepts", each) for each in ("party-9999", "party-10000")}
    assert (probed.code, false(probed), counted(probed)) == (1, dials, (2, 4, 0)), probed.all
    assert any(f"rollsite of party 8888 does not answer at {shop}" in text for text in messages(probed)), probed.all
    assert (tried.code, states(tried)) == (1, {**dict.fromkeys(pairs, "failed"), (9999, 10000): "proved"}), tried.all
    assert f"its words name {shop}, where party 9999 dials party 8888" in words(tried, 9999, 8888)
    assert f"its words name {bank}, where party 8888 dials party 9999" in words(tried, 8888, 9999)
    assert "timed out" in words(tried, 9999, 8888)


def messages(ended: Ended) -> list[str]:
    """What findings say."""
    return [each["message"] for each in ended.data["diagnostics"]]


def test_an_exec_that_dies_midway(lands: Faulty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection to the API server breaks while a job runs: nothing is known of its pair, and --failed goes on.

    While probes are asked it breaks again and again: some cannot be found out, and none is said to be false.
    """
    hangs(lands.mesh)
    with Wire(lands.bank) as wire:
        way = {"cluster": lands.bank, "server": wire.url}
        sites.use(monkeypatch, kubeconfig(tmp_path / "kubeconfig", bank=way, shop=lands.shop))
        with ThreadPoolExecutor(1) as operator:
            job = operator.submit(live, lands.mesh, pairs=("9999:10000",))
            until(lambda: is_running(lands.mesh))
            wire.cut()
            ended = job.result(300)
        (found,) = ended.data["verify"]["live"]["toyExamples"]
        assert (ended.code, found["state"]) == (3, "unchecked"), ended.all
        assert "onnection" in found["reason"], found
        lands.mesh.run(9999, "client", "rm", "/tmp/hang")
        ended = live(lands.mesh, failed=True)
        assert (ended.code, states(ended)[9999, 10000]) == (0, "proved"), ended.all
        with ThreadPoolExecutor(1) as operator:
            probed = operator.submit(everything, lands.mesh, only="probes")
            for _ in range(6):
                time.sleep(0.5)
                wire.cut()
            ended = probed.result(200)
        assert (ended.code in {0, 3}, false(ended)) == (True, set()), ended.all
