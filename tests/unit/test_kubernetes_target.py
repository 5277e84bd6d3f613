"""Target kubernetes: what is offered has no finding, what is not has one, and peers dial it as they dial KubeFATE."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from planner.diagnostics import Diagnostic
from planner.kubernetes_target import (
    component_keys,
    offered_engines,
    offered_exchanges,
    offered_releases,
    offers_release,
    offers_setting,
)
from planner.pipeline import Checked, check
from planner.plan import Plan
from planner.prerequisites import prerequisites
from planner.releases import RELEASE_NAMES, load

BALANCER = {"type": "LoadBalancer", "address": "10.0.0.7"}
PULSAR = ("spark_pulsar", "spark_local_pulsar")


def federation(release: str, engine: str, target: Any = "kubernetes", **more: Any) -> dict[str, Any]:
    """Two parties; `more` are further keys at the top, `first` of party 9999 and `defaults`."""
    defaults = {"target": target, "engine": engine, **more.pop("defaults", {})}
    return {
        "version": 1,
        "name": "demo",
        "release": release,
        "topology": "mesh",
        "clusters": [
            {"name": "bank", "address": "192.168.9.1", "server": "https://192.168.9.1:6443", "kubernetes": "1.20"},
            {"name": "shop", "address": "192.168.10.1"},
        ],
        "parties": [{"id": 9999, "cluster": "bank", **more.pop("first", {})}, {"id": 10000, "cluster": "shop"}],
        **more,
        "defaults": defaults,
    }


def checked(data: dict[str, Any]) -> Checked:
    """A federation taken to its plan."""
    return check(yaml.safe_dump(data, sort_keys=False).encode())


def plan(data: dict[str, Any]) -> Plan:
    """The plan of a federation without a finding."""
    result = checked(data)
    assert [each.message for each in result.diagnostics] == []
    assert result.plan is not None
    return result.plan


def told(data: dict[str, Any]) -> list[str]:
    """Codes and places of all findings."""
    return [f"{each.fault.code} {'.'.join(map(str, each.place.path))}" for each in checked(data).diagnostics]


def release(name: str) -> Any:
    """A release that is known."""
    found = load(name)
    assert found is not None
    return found


OFFERED = [(name, engine) for name in offered_releases() for engine in offered_engines(release(name))]
LIVES: dict[str, dict[str, Any]] = {
    "plain": {},
    "kept": {"defaults": {"persistence": True}},
    "served": {"defaults": {"serving": {}, "persistence": {"storageClass": "fast"}}},
    "registered": {"defaults": {"serving": {"useRegistry": True, "redis": {"host": "r.example", "password": "env:R"}}}},
    "balanced": {"first": {"exposure": BALANCER}},
    "guarded": {"defaults": {"networkPolicies": True, "registry": "harbor.example.com/fate", "pullPolicy": "Always"}},
    "alone": {"first": {"mysql": {"host": "db.example", "database": "fate", "user": "fate", "password": "env:DB"}}},
    "shown": {"defaults": {"ingress": {"class": "nginx", "domain": "example.net"}, "fateflow": "ClusterIP"}},
    "small": {"defaults": {"components": {"python": {"replicas": 1, "resources": {"requests": {"cpu": "1"}}}}}},
}
"""Settings that every engine can have."""


def test_what_is_offered() -> None:
    """Two releases; every engine that is offered is one of its release."""
    assert offered_releases() == ("v1.11.2", "v2.0.0")
    assert [name for name in RELEASE_NAMES if offers_release(release(name))] == ["v1.11.2", "v2.0.0"]
    assert offered_engines(release("v2.0.0")) == ("eggroll", "spark_rabbitmq", "standalone_rabbitmq")
    assert offered_engines(release("v1.10.0")) == ()
    assert offered_exchanges(release("v1.11.2")) == ("rollsite", "trafficServer", "servingProxy")
    assert offered_exchanges(release("v2.0.0")) == ("osx", "servingProxy")
    assert all(release(name).engine(engine) is not None for name, engine in OFFERED)


@pytest.mark.parametrize(("name", "engine"), OFFERED)
@pytest.mark.parametrize("life", LIVES)
def test_what_is_offered_has_no_finding(name: str, engine: str, life: str) -> None:
    """Nothing that is meant for a chart is said of sites without one."""
    planned = plan(federation(name, engine, **LIVES[life]))
    assert all(site.chart == "" for site in planned.sites)


@pytest.mark.parametrize(("name", "engine"), [(name, engine) for name, engine in OFFERED if "rabbitmq" not in engine])
@pytest.mark.parametrize("hub", [{}, {"exposure": BALANCER}, {"networkPolicies": True}])
def test_exchanges_have_no_finding(name: str, engine: str, hub: dict[str, Any]) -> None:
    """Stars of every engine that has an exchange; also behind a load balancer, which no chart of an exchange can."""
    data = federation(name, engine, topology="star", exchanges=[{"name": "hub", "cluster": "shop", **hub}])
    planned = plan(data).by_key["exchange-hub"]
    assert planned.modules == (("trafficServer", "nginx") if engine in PULSAR else (planned.release.module,))


@pytest.mark.parametrize("name", offered_releases())
def test_an_exchange_of_serving(name: str) -> None:
    """FATE-Serving has its exchange whatever the release of training."""
    exchange = {"name": "hub", "cluster": "shop", "kind": "servingProxy"}
    shapes = [{"mesh": "all"}, {"star": [9999, 10000], "through": "hub"}]
    data = federation(name, "eggroll", topology=shapes, exchanges=[exchange], defaults={"serving": {}})
    assert "servingProxy" in plan(data).by_key["exchange-hub"].modules


@pytest.mark.parametrize("behind", [{"polling": 9999}, {"polling": "hub"}])
def test_polling_is_offered(behind: dict[str, Any]) -> None:
    """Rollsite can be polled, an exchange's too, which chart fate-exchange cannot."""
    data = federation("v1.11.2", "eggroll")
    data["parties"][1].update(behind)
    if behind["polling"] == "hub":
        data.update(topology="star", exchanges=[{"name": "hub", "cluster": "bank"}])
    plan(data)


def test_standalone_trains_with_spark() -> None:
    """What decides is the federation engine, which is RabbitMQ on both sides."""
    data = federation("v2.0.0", "standalone_rabbitmq")
    data["parties"][1]["engine"] = "spark_rabbitmq"
    plan(data)
    data["parties"][1]["engine"] = {"computing": "Standalone", "federation": "RabbitMQ", "storage": "Standalone"}
    assert [planned.engine and planned.engine.name for planned in plan(data).sites] == ["standalone_rabbitmq"] * 2
    data["parties"][1]["engine"] = "eggroll"
    assert told(data) == ["FED406 parties.1.engine"]


def test_three_over_pulsar_send_under_names_of_their_own() -> None:
    """Only brokers of charts share one (FED228): one among ours has nobody to clash with, two have."""
    data = federation("v1.11.2", "spark_pulsar")
    data["parties"].append({"id": 10001, "cluster": "shop"})
    assert told(data) == []
    for number in (0, 1):
        data["parties"][number] |= {"target": "kubefate", "credentials": {"mysql": "env:A", "fateboard": "env:B"}}
        assert [each.partition(" ")[0] for each in told(data)] == ["FED228"] * number


@pytest.mark.parametrize(("name", "engine"), [pair for pair in OFFERED if pair[1] != "standalone_rabbitmq"])
@pytest.mark.parametrize("exposure", ["NodePort", BALANCER])
def test_ports_and_endpoints_are_those_of_kubefate(name: str, engine: str, exposure: Any) -> None:
    """A peer cannot tell by what it dials which target a site has."""
    plans = [
        checked(federation(name, engine, target, first={"exposure": exposure}, defaults={"serving": {}})).plan
        for target in ("kubefate", "kubernetes")
    ]
    kubefate, ours = plans
    assert kubefate is not None
    assert ours is not None
    for theirs, mine in zip(kubefate.sites, ours.sites, strict=True):
        assert (mine.ports, mine.channels, mine.listeners) == (theirs.ports, theirs.channels, theirs.listeners)


FULL = {"requests": {"cpu": "1"}}
COMPONENTS = {
    "nodemanager": {"replicas": 3, "sessionProcessorsPerNode": 4, "storage": {"size": "10Gi"}, "image": "a/b"},
    "rollsite": {"resources": FULL, "nodeSelector": {"a": "b"}, "tolerations": [], "affinity": {}, "imageTag": "c"},
    "fateboard": {"resources": FULL},
}


def test_components_that_are_told_everything() -> None:
    """Every component takes what every pod has; a few more."""
    planned = plan(federation("v1.11.2", "eggroll", defaults={"persistence": True, "components": COMPONENTS})).sites[0]
    assert planned.site.components["nodemanager"] == COMPONENTS["nodemanager"]


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        ("rollsite", ()),
        ("python", ("storage",)),
        ("nodemanager", ("replicas", "sessionProcessorsPerNode", "storage")),
        ("sparkWorker", ("replicas",)),
        ("datanode", ("replicas", "storage")),
        ("servingProxy", ("replicas",)),
        ("servingServer", ("replicas", "storage")),
    ],
)
def test_keys_of_components(component: str, expected: tuple[str, ...]) -> None:
    """What a finding lists is what is taken."""
    always = {"resources", "nodeSelector", "tolerations", "affinity", "image", "imageTag"}
    assert set(component_keys(component)) == {*always, *expected}
    assert all(offers_setting(component, key, 2) for key in component_keys(component))
    assert offers_setting(component, "replicas", 1)
    assert not offers_setting(component, "nodeSelectors", [{}])


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"overrides": {"python": {"clustermanager": {"nodes": 3}}, "x": 1}}, "FED627 parties.0.overrides"),
    ({"overrides": {"python": {"rabbitmq": {"user": 7}}, "rollsite": {"x": 2}}}, "FED627 parties.0.overrides"),
    ({"istio": True}, "FED627 parties.0.istio"),
    ({"podSecurityPolicy": True}, "FED627 parties.0.podSecurityPolicy"),
    ({"nfs": {"server": "10.0.0.5", "path": "/a"}}, "FED627 parties.0.nfs"),
    ({"components": {"python": {"replicas": 2}}}, "FED627 parties.0.components.python.replicas"),
    ({"components": {"nodemanager": {"nodeSelectors": [{"a": "b"}]}}},
     "FED627 parties.0.components.nodemanager.nodeSelectors"),
    ({"components": {"client": {"sessionProcessorsPerNode": 2}}},
     "FED627 parties.0.components.client.sessionProcessorsPerNode"),
    ({"components": {"fateboard": {"storage": {"size": "1Gi"}}}}, "FED627 parties.0.components.fateboard.storage"),
    ({"components": {"pulsar": {"resources": FULL}}}, "FED604 parties.0.components.pulsar"),
    ({"credentials": {"rabbitmq": "env:A"}}, "FED604 parties.0.credentials.rabbitmq"),
    ({"imageTag": "mine"}, "FED409 parties.0.imageTag"),
    ({"tls": True}, "FED627 parties.0.tls"),
]  # fmt: skip


@pytest.mark.parametrize(("setting", "expected"), REFUSED, ids=[expected for _, expected in REFUSED])
def test_what_is_refused_is_told_once(setting: dict[str, Any], expected: str) -> None:
    """A setting that would not reach the manifests is one finding, and none that speaks of charts is beside it."""
    assert expected in told(federation("v1.11.2", "eggroll", first=setting))
    for each in checked(federation("v1.11.2", "eggroll", first=setting)).diagnostics:
        if each.fault.code != "FED216":
            assert each.fault.code == expected[:6]
            assert "chart fate" not in f"{each.message}{each.hint}"


def inherited(data: dict[str, Any]) -> tuple[Diagnostic, ...]:
    """The findings about two parties that inherit a setting."""
    return checked(data).diagnostics


def test_what_is_inherited_is_told_once() -> None:
    """One mistake under defaults is one finding, also where an exchange inherits it."""
    exchanges = [{"name": "hub", "cluster": "bank"}]
    data = federation("v1.11.2", "eggroll", topology="star", exchanges=exchanges, defaults={"podSecurityPolicy": True})
    (found,) = inherited(data)
    assert found.fault.code == "FED627"


def test_prerequisites_are_what_apply_does_not_make() -> None:
    """Namespaces that it may make stand there with that remark; Secrets that it makes do not stand there."""
    first = {
        "persistence": {"storageClass": "fast"},
        "imagePullSecrets": ["pull"],
        "serving": {},
        "credentials": {"mysql": "secret:fate-9999/logins#mysql", "rabbitmq": "env:A"},
        "ingress": {"fateboard": {"hosts": ["b.example.com"], "tlsSecret": "board-cert"}},
    }
    data = federation("v1.11.2", "spark_rabbitmq", first=first)
    data["parties"][1]["serving"] = {}
    planned = plan(data)
    found = [(each.kind, each.namespace, each.name) for each in prerequisites(planned, planned.by_key["party-9999"])]
    assert found == [
        ("Namespace", "", "fate-9999"),
        ("Namespace", "", "fate-serving-9999"),
        ("Secret", "fate-9999", "pull"),
        ("Secret", "fate-serving-9999", "pull"),
        ("Secret", "fate-9999", "board-cert"),
        ("Secret", "fate-9999", "logins"),
        ("StorageClass", "", "fast"),
    ]
    reasons = [each.reason for each in prerequisites(planned, planned.by_key["party-9999"])]
    assert reasons[0] == "party 9999 is installed there; apply makes it where the operator may"


def test_the_words_of_the_file_reach_the_plan() -> None:
    """The new keys are read, for a site of its own or by `defaults`, and exchanges inherit them."""
    exchanges = [{"name": "hub", "cluster": "bank"}]
    data = federation("v1.11.2", "eggroll", topology="star", exchanges=exchanges, defaults={"networkPolicies": True})
    planned = plan(data)
    assert [site.site.network_policies for site in planned.sites] == [True, True, True]
    assert planned.by_key["party-9999"].cluster.server == "https://192.168.9.1:6443"
    assert planned.by_key["party-10000"].cluster.server is None


@pytest.mark.parametrize(
    ("server", "is_sound"),
    [
        ("https://192.168.9.1:6443", True),
        ("https://kubernetes.bank.example", True),
        ("https://[2001:db8::1]:6443", True),
        ("https://192.168.9.1:6443/", False),
        ("https://192.168.9.1:6443/k8s", False),
        ("http://192.168.9.1:6443", False),
        ("192.168.9.1:6443", False),
        ("https://user@192.168.9.1", False),
        ("https://a b", False),
    ],
)
def test_urls_of_api_servers(server: str, is_sound: bool) -> None:
    """An https URL without a path, which can be compared with a kubeconfig's."""
    data = federation("v1.11.2", "eggroll")
    data["clusters"][0]["server"] = server
    assert told(data) == ([] if is_sound else ["FED114 clusters.0.server"])


def test_the_engine_that_no_chart_has() -> None:
    """FATE-Flow's own computing and storage, data over RabbitMQ; charts and imports never see it."""
    newest = release("v2.0.0")
    (engine,) = newest.own_engines
    assert (engine.name, engine.module, engine.broker) == ("standalone_rabbitmq", "nginx", "rabbitmq")
    assert dict(engine.selector) == {"computing": "Standalone", "federation": "RabbitMQ", "storage": "Standalone"}
    assert engine.required == ("python", "mysql", "nginx", "rabbitmq")
    assert engine not in newest.engines
    assert [name for name in RELEASE_NAMES if release(name).own_engines] == ["v2.0.0"]


@pytest.mark.parametrize(
    ("exchange", "expected"),
    [
        ({"ingress": {"servingProxy": {"hosts": ["a.example.com"]}}}, ["FED604 exchanges.0.ingress"]),
        ({"persistence": True}, ["FED627 exchanges.0.persistence"]),
        ({"kind": "trafficServer"}, ["FED406 exchanges.0.kind"]),
        ({"ports": {"nginxHttp": 30008}}, ["FED314 exchanges.0.ports.nginxHttp"]),
    ],
)
def test_exchanges_of_another_kind(exchange: dict[str, Any], expected: list[str]) -> None:
    """What an exchange cannot have is the same as with a chart."""
    data = federation("v1.11.2", "eggroll", topology="star")
    assert told({**data, "exchanges": [{"name": "hub", "cluster": "bank", **exchange}]}) == expected


@pytest.mark.parametrize(
    ("name", "modules", "expected"),
    [
        ("v2.0.0", ["python", "mysql", "nginx", "rabbitmq"], []),
        ("v2.0.0", ["python", "mysql", "nginx"], ["FED405 parties.0.modules"]),
        ("v2.0.0", ["python", "mysql", "nginx", "rabbitmq", "spark"], ["FED405 parties.0.modules.4"]),
    ],
)
def test_modules(name: str, modules: list[str], expected: list[str]) -> None:
    """A party may leave out the user interfaces, and nothing else."""
    data = federation(name, "standalone_rabbitmq", first={"modules": modules})
    assert told(data) == expected
    assert not any("chart" in each.message for each in checked(data).diagnostics)


@pytest.mark.parametrize("name", ["v1.2.0", "v1.3.0-a", "v1.8.0", "v1.11.2"])
def test_network_policies_of_a_chart(name: str) -> None:
    """No chart writes them, and what is asked for to keep strangers out is not dropped without a word."""
    data = federation(name, "eggroll", "kubefate", defaults={"networkPolicies": True})
    found = [each for each in checked(data).diagnostics if each.fault.code == "FED604"]
    assert [each.hint for each in found] == ["remove it, or write `target: kubernetes` (v1.11.2 and v2.0.0)"]
