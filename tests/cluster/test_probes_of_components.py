"""Probes of a site's own components on a real node: all true at first, then each fault by itself is seen as what it is.

A party of each family runs there, alone: whom it would dial is no matter here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import pytest

from planner.pipeline import check
from renderers.cluster.clock import Deadline
from renderers.cluster.folder import SiteFolder, from_directory
from renderers.cluster.places import Places
from renderers.cluster.references import Reference
from renderers.probes.components import rabbitmq
from renderers.probes.components.area import probes
from renderers.probes.pods.inside import Inside
from renderers.probes.probe import Said, Truth
from renderers.probes.sight import Sight
from tests.cluster import sites
from tests.cluster.harness.cluster import Cluster
from tests.cluster.sites import FILE, federation, kubeconfig
from tests.cluster.standins import image
from tests.cluster.test_real_node import EGGROLL, PULSAR, SMALL, Land, ended_pods_go, until

RABBITMQ: Final = ("nginx", "rabbitmq", "mysql", "python")
FAMILIES: Final = {"eggroll": EGGROLL, "spark_local_rabbitmq": RABBITMQ, "spark_local_pulsar": PULSAR}
KEY: Final = "party-9999"
ROUTES: Final = "/data/projects/fate/eggroll/conf/route_table"
Lands = Mapping[str, Land]


@pytest.fixture(scope="module")
def lands(real_node: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lands]:
    """Party 9999 of each family, in a federation of its own."""
    folder = tmp_path_factory.mktemp("components")
    image.give(real_node)
    with ended_pods_go(real_node), pytest.MonkeyPatch.context() as patch:
        sites.use(patch, kubeconfig(folder / "kubeconfig", bank=real_node))
        made = {engine: Land(real_node, folder / engine) for engine in FAMILIES}
        for engine, land in made.items():
            modules = FAMILIES[engine]
            defaults = {"engine": engine, "components": dict.fromkeys(modules, SMALL)}
            land.plan(federation(land.party(9999, modules), defaults=defaults))
        with ThreadPoolExecutor(len(made)) as operators:
            list(operators.map(lambda land: land.come_up(KEY), made.values()))
        yield made


def sight(land: Land) -> Sight:
    """The party, its pods listed anew."""
    text, lock = ((land.folder / name).read_text(encoding="utf-8") for name in (FILE, "federation.lock"))
    plan = check(text.encode(), lock).plan
    assert plan is not None
    folder = from_directory(land.folder / "out" / KEY)
    assert isinstance(folder, SiteFolder), folder
    return Sight(plan, plan.by_key[KEY], folder, Places(folder), land.api, Inside(land.api, folder))


def said(land: Land, sort: str = "", word: str = "") -> dict[str, Said]:
    """What the probes of a sort say whose sentences have a word, by their sentences."""
    return {
        each.sentence: each.ask(Deadline(each.sort.seconds))
        for each in probes(sight(land))
        if each.sort.id.startswith(sort) and word in each.sentence
    }


def one(land: Land, sort: str, word: str = "") -> Said:
    """What the only such probe says."""
    (found,) = said(land, sort, word).values()
    return found


def messages(found: Said) -> list[tuple[str, str]]:
    """Codes and messages of the findings of what is false."""
    assert found.truth is Truth.FALSE, found
    return [(each.fault.code, each.message) for each in found.diagnostics]


@contextmanager
def changed(land: Land, reference: tuple[str, str, str], before: Any, after: Any) -> Iterator[None]:
    """An object that somebody changed by hand, and changes back."""
    version, kind, name = reference
    wanted = Reference(version, kind, land.namespace(9999), name)
    land.api.merge(after, wanted, Deadline(20))
    try:
        yield
    finally:
        land.api.merge(before, wanted, Deadline(20))


@contextmanager
def selecting_nobody(land: Land, service: str) -> Iterator[None]:
    """A Service that finds no pod."""
    added = {"spec": {"selector": {"somebody": "else"}}}
    with changed(land, ("v1", "Service", service), {"spec": {"selector": {"somebody": None}}}, added):
        yield


def becomes(ask: Callable[[], Said], truth: Truth) -> Said:
    """What a probe says once kube-proxy and the pods have noticed what was done."""
    found: list[Said] = []

    def is_so() -> bool:
        found.append(ask())
        return found[-1].truth is truth

    until(is_so)
    return found[-1]


def test_everything_is_true_where_all_is_well(lands: Lands) -> None:
    """Of every family, with no finding."""
    for land in lands.values():
        for sentence, found in said(land).items():
            assert found == Said(), sentence


def test_faults_of_fateflow_mysql_and_eggroll(lands: Lands) -> None:
    """Another version, a Service that leads nowhere, another password, no nodemanager; a new table is waited for."""
    land = lands["eggroll"]
    land.run(9999, "python", "sh", "-c", "echo 1.10.0 >/tmp/version")
    assert messages(one(land, "fateflow-version")) == [
        ("FED987", "FATE-Flow of party 9999 is of FATE 1.10.0, and v1.11.2 is planned")
    ]
    land.run(9999, "python", "rm", "/tmp/version")

    land.run(9999, "mysql", "sh", "-c", "cd /var/lib/mysql; cp password kept; printf other >password")
    ((code, message),) = messages(one(land, "mysql-takes-login"))
    assert (code, message) == ("FED996", "MySQL of party 9999 refuses FATE-Flow: Access denied for user fate")
    assert one(land, "eggroll-nodes").truth is Truth.UNKNOWN
    land.run(9999, "mysql", "sh", "-c", "cd /var/lib/mysql; mv kept password")

    with selecting_nobody(land, "fateflow-client"):
        found = becomes(lambda: one(land, "fateflow-answers"), Truth.FALSE)
        ((code, message),) = messages(found)
        assert code == "FED986"
        assert message.startswith("FATE-Flow of party 9999 does not answer at fateflow-client:9380: ")
    becomes(lambda: one(land, "fateflow-answers"), Truth.TRUE)

    config_map = Reference("v1", "ConfigMap", land.namespace(9999), "rollsite-config")
    table = (land.api.get(config_map, Deadline(20)) or {})["data"]["route_table.json"]
    before, after = ({"data": {"route_table.json": text}} for text in (table, f"{table} "))
    with changed(land, ("v1", "ConfigMap", "rollsite-config"), before, after):
        assert one(land, "table-read") == Said()
        assert land.run(9999, "rollsite", "cat", f"{ROUTES}/route_table.json") == f"{table} "

    with changed(land, ("apps/v1", "StatefulSet", "nodemanager"), {"spec": {"replicas": 1}}, {"spec": {"replicas": 0}}):
        found = becomes(lambda: one(land, "eggroll-nodes"), Truth.FALSE)
        assert messages(found) == [("FED991", "eggroll of party 9999 counts 0 healthy nodes, and has 1 nodemanager")]
    becomes(lambda: one(land, "eggroll-nodes"), Truth.TRUE)


def test_faults_of_nginx_and_rabbitmq(lands: Lands) -> None:
    """An nginx without FATE-Flow, a broker that cannot be reached, and one that does not reach its peer."""
    land = lands["spark_local_rabbitmq"]
    with selecting_nobody(land, "fateflow-client"):
        found = becomes(lambda: one(land, "nginx-finds-fateflow"), Truth.FALSE)
        assert messages(found) == [("FED964", "nginx of party 9999 does not lead to its FATE-Flow: the answer is 502")]
    becomes(lambda: one(land, "nginx-finds-fateflow"), Truth.TRUE)

    with selecting_nobody(land, "rabbitmq"):
        found = becomes(lambda: one(land, "components-answer", "rabbitmq"), Truth.FALSE)
        ((code, message),) = messages(found)
        assert code == "FED988"
        assert message.startswith("rabbitmq of party 9999 does not answer at rabbitmq:")

    link = {
        "status": "error",
        "error": "econnrefused",
        "queue": "receive-1",
        "uri": "amqp://10.1.1.1:5672",
        "vhost": "2026-guest-9999-host-10000",
    }
    land.run(9999, "rabbitmq", "sh", "-c", f"echo '{json.dumps([link])}' >/var/lib/rabbitmq/links.json")
    ((code, message),) = messages(one(land, "broker-links"))
    assert code == "FED998"
    assert message.endswith("cannot fetch from party 10000 at 10.1.1.1:5672: the connection is refused")
    (broken,) = rabbitmq.broken_links(sight(land), Deadline(30))
    assert (broken.peer, str(broken.endpoint)) == ("party-10000", "10.1.1.1:5672")
    land.run(9999, "rabbitmq", "rm", "/var/lib/rabbitmq/links.json")
    assert one(land, "broker-links") == Said()


def test_an_address_that_pulsar_kept(lands: Lands) -> None:
    """It is another one than the planned, until Pulsar forgets it."""
    land = lands["spark_local_pulsar"]
    admin = ("bin/pulsar-admin", "clusters")
    land.run(9999, "pulsar", *admin, "create", "10000", "--broker-url", "pulsar://10.1.1.1:6650")
    ((code, message),) = messages(one(land, "pulsar-peers"))
    assert code == "FED992"
    assert message.startswith("Pulsar of party 9999 dials party 10000 at 10.1.1.1:6650, not at ")
    land.run(9999, "pulsar", *admin, "delete", "10000")
    assert one(land, "pulsar-peers") == Said()
