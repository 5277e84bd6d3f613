"""Checks of releases, engines, modules, settings, overrides and credentials: families 4xx, 6xx and 8xx.

The examples of the manual pages are run, then what they do not show: limits between releases, what is inherited, and
that one mistake is one finding.
"""

from __future__ import annotations

from itertools import product
from types import ModuleType
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import manual, schema, site_json, source
from planner.checks import (
    cores_differ,
    dead_override,
    default_credentials,
    idle_setting,
    illegal_engine,
    image_tag_differs,
    mixed_engines,
    mixed_releases,
    registry_slash,
    routes_overridden,
    secret_in_override,
    setting_without_manifest,
    star_without_exchange,
    tls_without_effect,
    unknown_override,
    unknown_release,
    unplanned_exchange,
    unplanned_serving,
    unplanned_target,
    unpublished_chart,
    unsupported_device,
    unsupported_setting,
    without_manifests,
    wrong_kubernetes,
    wrong_modules,
)
from planner.diagnostics import Diagnostic, KeyPath
from planner.interpret import interpret
from planner.lock import Lock
from planner.plan import examine, resolve
from planner.release_ranges import releases_with
from planner.releases import RELEASE_NAMES, load
from planner.source import Document
from renderers import charts, kubefate
from renderers.reading import Reading

MODULES = (
    unknown_release,
    mixed_releases,
    unpublished_chart,
    illegal_engine,
    wrong_modules,
    mixed_engines,
    unsupported_device,
    registry_slash,
    image_tag_differs,
    wrong_kubernetes,
    unknown_override,
    dead_override,
    routes_overridden,
    cores_differ,
    unplanned_target,
    star_without_exchange,
    unsupported_setting,
    without_manifests,
    setting_without_manifest,
    unplanned_serving,
    unplanned_exchange,
    default_credentials,
    tls_without_effect,
    secret_in_override,
)
every_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.FAULT.name)
ANSWERS = {"FED403", "FED802"}
"""Findings that any federation may have that names no credentials or runs v2.0.0."""


def examined(data: dict[str, Any]) -> tuple[Diagnostic, ...]:
    """What all checks of this file say about validated data."""
    subject = examine(interpret(data, complete=True), Lock())
    return tuple(finding for module in MODULES for finding in module.check(subject))


def read(text: str) -> tuple[Document, tuple[Diagnostic, ...]]:
    """A federation.yaml that the schema accepts, and what the checks say about it."""
    document, found = source.parse(text.encode())
    assert document is not None
    assert found == ()
    validated, found = schema.validate(document)
    assert validated is not None
    assert found == ()
    return document, examined(validated.data)


def federation(release: str = "v1.11.2", party: dict[str, Any] | None = None, **top: Any) -> dict[str, Any]:
    """Two parties; `party` holds settings of the second one, `top` replaces top-level keys."""
    return {
        "version": 1,
        "name": "demo",
        "release": release,
        "topology": "mesh",
        "clusters": [{"name": "bank", "address": "192.168.9.1"}, {"name": "shop", "address": "192.168.10.1"}],
        "parties": [{"id": 9999, "cluster": "bank"}, {"id": 10000, "cluster": "shop", **(party or {})}],
        **top,
    }


def star(release: str = "v1.11.2", exchange: dict[str, Any] | None = None, **top: Any) -> dict[str, Any]:
    """Two parties behind an exchange; `exchange` holds its settings."""
    return federation(
        release, topology="star", exchanges=[{"name": "hub", "cluster": "bank", **(exchange or {})}], **top
    )


def found(data: dict[str, Any]) -> list[str]:
    """Code and place of every finding, without those that are answers to missing credentials or to v2.0.0."""
    validated, mistakes = schema.validate(parsed(data))
    assert mistakes == ()
    assert validated is not None
    findings = [each for each in examined(validated.data) if each.fault.code not in ANSWERS]
    return [f"{each.fault.code} {'.'.join(map(str, each.place.path))}" for each in findings]


def engine(computing: str, federation: str, storage: str) -> dict[str, Any]:
    """Three engines, as a party spells them out."""
    return {"engine": {"computing": computing, "federation": federation, "storage": storage}}


def modules(names: str) -> dict[str, Any]:
    """A party's list of modules."""
    return {"modules": names.split()}


def told(nodes: int, **nodemanager: Any) -> dict[str, Any]:
    """Overrides that tell FATE-Flow how many nodes there are, and maybe the nodemanagers too."""
    below = {"nodemanager": nodemanager} if nodemanager else {}
    return {"overrides": {"python": {"clustermanager": {"nodes": nodes}}, **below}}


def parsed(data: dict[str, Any]) -> Document:
    """The data as a document, written and read as YAML."""
    document, mistakes = source.parse(yaml.safe_dump(data, sort_keys=False).encode())
    assert document is not None
    assert mistakes == ()
    return document


def only(data: dict[str, Any], code: str) -> Diagnostic:
    """The one finding with this code."""
    findings = [each for each in examined(data) if each.fault.code == code]
    assert len(findings) == 1
    return findings[0]


BALANCER = {"type": "LoadBalancer", "address": "10.0.0.7"}
EXTERNAL = {"host": "10.0.0.5", "database": "a", "user": "b", "password": "env:C"}
PARTY: KeyPath = ("parties", 1)
HUB: KeyPath = ("exchanges", 0)


@every_module
def test_bad_example_has_the_findings_it_promises(module: ModuleType) -> None:
    """Every marker of a manual page is met, and nothing else is found."""
    page = manual.page(module.__doc__, module.FAULT)
    document, findings = read(page.bad)
    actual = sorted((document.span(each.place).line, each.fault.severity, each.fault.code) for each in findings)
    assert actual == sorted((marker.line, marker.severity, marker.code) for marker in manual.markers(page.bad))


@every_module
def test_good_example_has_no_finding(module: ModuleType) -> None:
    """The way out that a manual page shows is one."""
    assert read(manual.page(module.__doc__, module.FAULT).good)[1] == ()


@pytest.mark.parametrize("name", RELEASE_NAMES)
def test_every_release_has_a_plain_two_party_mesh(name: str) -> None:
    """The ten-line federation is right in every release that fedplan knows."""
    assert found(federation(name)) == []


@pytest.mark.parametrize(
    ("release", "party", "expected"),
    [
        # FED401
        ("v1.1.0", {}, ["FED401 release"]),
        ("2.1.0", {}, ["FED401 release"]),
        ("v1.11.2", {"release": "v1.10.1"}, ["FED401 parties.1.release"]),
        ("v1.11.0", {"tls": True, "device": "GPU", "engine": "spark_pulsar"}, ["FED401 release"]),
        # FED402
        ("v1.11.2", {"release": "v2.0.0"}, ["FED402 parties.1.release"]),
        ("v1.11.2", {"release": "v1.11.1"}, []),
        # FED404, FED406
        ("v2.0.0", engine("Eggroll", "Eggroll", "Eggroll"), ["FED404 parties.1.engine"]),
        ("v1.11.2", engine("Eggroll", "OSX", "Eggroll"), ["FED404 parties.1.engine"]),
        ("v1.11.2", engine("Spark", "RabbitMQ", "LocalFS"), ["FED404 parties.1.engine"]),
        ("v2.0.0", {"engine": "spark_local_pulsar"}, ["FED404 parties.1.engine"]),
        ("v1.7.0", {"engine": "spark_local_pulsar"}, ["FED404 parties.1.engine"]),
        ("v1.8.0", {"engine": "spark_local_rabbitmq"}, ["FED404 parties.1.engine"]),
        ("v1.5.3", {"engine": "spark_pulsar"}, ["FED404 parties.1.engine"]),
        ("v1.4.5", {"engine": "spark_rabbitmq"}, ["FED404 parties.1.engine"]),
        ("v1.11.2", {"engine": "spark_pulsar"}, ["FED406 parties.1.engine"]),
        ("v1.4.0", engine("Eggroll", "Eggroll", "Eggroll"), []),
        # FED405
        (
            "v1.11.2",
            modules("rollsite lbrollsite clustermanager nodemanager mysql python"),
            ["FED405 parties.1.modules.1"],
        ),
        ("v1.11.2", modules("lbrollsite clustermanager nodemanager mysql python"), ["FED405 parties.1.modules.0"]),
        ("v2.0.0", modules("rollsite clustermanager nodemanager mysql python"), ["FED405 parties.1.modules.0"]),
        ("v1.11.2", modules("rollsite nodemanager mysql python"), ["FED405 parties.1.modules"]),
        ("v1.11.2", modules("rollsite clustermanager nodemanager python"), ["FED405 parties.1.modules"]),
        ("v1.11.2", modules("rollsite clustermanager nodemanger mysql python"), ["FED405 parties.1.modules.2"]),
        ("v1.11.2", modules("rollsite clustermanager nodemanager mysql python spark"), ["FED405 parties.1.modules.5"]),
        (
            "v1.4.0",
            modules("rollsite clustermanager nodemanager mysql python fateboard"),
            ["FED405 parties.1.modules.5"],
        ),
        ("v1.4.0", modules("proxy clustermanager nodemanager mysql python"), ["FED405 parties.1.modules.0"]),
        ("v1.3.0-b", modules("proxy egg federation metaService mysql redis roll python fateboard"), []),
        ("v1.3.0-b", modules("proxy egg federation metaService mysql redis roll"), ["FED405 parties.1.modules"]),
        (
            "v1.11.2",
            {"serving": {"modules": ["servingProxy", "servingServer", "servingRedis"]}},
            ["FED405 parties.1.serving.modules"],
        ),
        ("v1.5.3", {"serving": {"modules": ["servingProxy", "servingServer", "servingRedis"]}}, []),
        (
            "v1.5.3",
            {"serving": {"modules": ["servingProxy", "servingServer", "servingRedis", "servingZookeeper"]}},
            ["FED405 parties.1.serving.modules.3"],
        ),
        (
            "v1.5.3",
            {"serving": {"modules": ["servingProxy", "servingSever", "servingRedis"]}},
            ["FED405 parties.1.serving.modules.1"],
        ),
        (
            "v1.5.3",
            {
                "serving": {
                    "modules": ["servingProxy", "servingServer", "servingRedis"],
                    "redis": {"host": "10.0.0.6", "password": "env:R"},
                }
            },
            ["FED405 parties.1.serving.modules.2"],
        ),
        # FED407
        ("v1.10.0", {"algorithm": "NN", "device": "GPU"}, ["FED407 parties.1.device"]),
        ("v1.11.2", {"algorithm": "ALL"}, ["FED407 parties.1.algorithm"]),
        ("v1.11.2", {"algorithm": "NN", "device": "IPCL"}, ["FED407 parties.1.device"]),
        (
            "v1.11.2",
            {
                "algorithm": "NN",
                "device": "GPU",
                "overrides": {"python": {"resources": {"limits": {"nvidia.com/gpu": 2}}}},
            },
            [],
        ),
        # FED408, FED409
        ("v2.0.0", {"registry": "harbor.example.com"}, ["FED408 parties.1.registry"]),
        ("v2.0.0", {"registry": "harbor.example.com/"}, []),
        ("v1.7.2", {"imageTag": "1.7.2-mine"}, ["FED409 parties.1.imageTag"]),
        # FED411 to FED414
        ("v1.11.2", {"overrides": {"nodePort": 30091}}, ["FED411 parties.1.overrides.nodePort"]),
        ("v1.11.2", {"overrides": {"rollsite.tolerations": []}}, ["FED411 parties.1.overrides.rollsite.tolerations"]),
        (
            "v1.11.2",
            {"overrides": {"ingress": {"spark": {"hosts": [{"name": "a"}, {"nam": "b"}]}}}},
            ["FED411 parties.1.overrides.ingress.spark.hosts.1.nam"],
        ),
        ("v1.11.2", {"overrides": {"python": 5}}, ["FED411 parties.1.overrides.python"]),
        ("v1.11.2", {"overrides": {"persistence": {"size": "1Gi"}}}, ["FED411 parties.1.overrides.persistence"]),
        (
            "v1.11.2",
            {"overrides": {"skippedKeys": ["route_table"], "nginx": {"route_table": {9998: {"fateflow": []}}}}},
            ["FED413 parties.1.overrides"],
        ),
        ("v1.8.0", {"overrides": {"skippedKeys": ["route_table"]}}, ["FED411 parties.1.overrides.skippedKeys"]),
        ("v1.6.1", {"overrides": {"host": {"fateboard": "a.example.com"}}}, ["FED412 parties.1.overrides.host"]),
        ("v1.11.2", {"overrides": {"partyId": 1, "rollsite": {"nodePort": 30099}}}, ["FED413 parties.1.overrides"]),
        ("v1.11.2", {"overrides": {"rollsite": {"tolerations": []}}}, []),
        (
            "v1.11.2",
            {"serving": {"overrides": {"servingProxy": {"replicas": 2}}}},
            ["FED411 parties.1.serving.overrides.servingProxy.replicas"],
        ),
        (
            "v1.11.2",
            {"serving": {"overrides": {"servingAdmin": {"ingressHost": "a.example"}}}},
            ["FED412 parties.1.serving.overrides.servingAdmin.ingressHost"],
        ),
        (
            "v1.11.2",
            {"serving": {"overrides": {"servingProxy": {"partyList": []}}}},
            ["FED413 parties.1.serving.overrides"],
        ),
        ("v1.11.2", {"serving": {"overrides": {"servingRedis": {"tolerations": []}}}}, []),
        (
            "v1.11.2",
            {"serving": {"overrides": {"servingRedis": {"password": "x"}}}},
            ["FED804 parties.1.serving.overrides.servingRedis.password"],
        ),
        ("v1.11.2", {"overrides": {"servingIp": "10.0.0.6"}}, ["FED413 parties.1.overrides"]),
        ("v1.11.2", {"components": {"nodemanager": {"replicas": 2}}, **told(2)}, []),
        (
            "v1.7.2",
            {"components": {"nodemanager": {"replicas": 2}}, **told(3)},
            ["FED414 parties.1.overrides.python.clustermanager.nodes"],
        ),
        ("v1.11.2", told(3, replicas=2), ["FED414 parties.1.overrides.python.clustermanager.nodes"]),
        # FED602, FED605
        ("v1.11.2", {"target": "local"}, ["FED602 parties.1.target"]),
        ("v2.0.0", {"target": "kubernetes"}, []),
        ("v1.10.0", {"target": "kubernetes"}, ["FED602 parties.1.target"]),
        ("v1.11.2", {"serving": {"release": "v2.1.6"}}, []),
        ("v1.11.2", {"serving": {"release": "v2.1.4"}}, ["FED605 parties.1.serving.release"]),
        ("v1.3.0", {"serving": {"release": "v1.2.2"}}, ["FED605 parties.1.serving"]),
        # FED604
        (
            "v1.5.0",
            {"engine": "spark_rabbitmq", "nginx": "relay"},
            ["FED406 parties.1.engine", "FED604 parties.1.nginx"],
        ),
        ("v1.6.0", {"exposure": BALANCER}, ["FED604 parties.1.exposure"]),
        ("v1.6.0", {"polling": 9999}, ["FED604 parties.1.polling"]),
        ("v2.0.0", {"polling": 9999}, ["FED604 parties.1.polling"]),
        ("v2.0.0", {"tls": True}, ["FED604 parties.1.tls"]),
        ("v1.8.1", {"tls": True}, ["FED604 parties.1.tls"]),
        ("v1.9.0", {"imageTag": "1.9.0-release"}, ["FED604 parties.1.imageTag"]),
        ("v1.5.1", {"mysql": EXTERNAL}, ["FED604 parties.1.mysql"]),
        ("v1.6.0", {"podSecurityPolicy": True}, ["FED604 parties.1.podSecurityPolicy"]),
        ("v1.4.0", {"istio": True}, ["FED604 parties.1.istio"]),
        ("v1.4.5", {"imagePullSecrets": ["key"]}, ["FED604 parties.1.imagePullSecrets"]),
        (
            "v1.4.5",
            {"ingress": {"domain": "a.example", "fateboard": {"hosts": ["b.a.example"]}}},
            ["FED604 parties.1.ingress"],
        ),
        ("v1.5.1", {"ingress": {"class": "nginx"}}, ["FED604 parties.1.ingress.class"]),
        (
            "v1.5.1",
            {"ingress": {"fateboard": {"hosts": ["a.example", "b.example"]}}},
            ["FED604 parties.1.ingress.fateboard.hosts"],
        ),
        ("v1.11.2", {"ingress": {"spark": {"hosts": ["a.example"]}}}, ["FED604 parties.1.ingress.spark"]),
        ("v1.6.0", {"credentials": {"fateboard": "env:A"}}, ["FED604 parties.1.credentials.fateboard"]),
        ("v1.9.2", {"credentials": {"notebook": "env:A"}}, ["FED604 parties.1.credentials.notebook"]),
        ("v1.11.2", {"components": {"nginx": {"nodeSelector": {"a": "b"}}}}, ["FED604 parties.1.components.nginx"]),
        ("v1.11.2", {"components": {"mysql": {"replicas": 2}}}, ["FED604 parties.1.components.mysql.replicas"]),
        (
            "v1.9.0",
            {"components": {"nodemanager": {"storage": {"existingClaim": "a"}}}},
            ["FED604 parties.1.components.nodemanager.storage.existingClaim"],
        ),
        ("v1.8.0", {"components": {"nodemanager": {"replicas": 2}}}, []),
        # FED803, FED804
        ("v1.11.2", {"tls": True}, ["FED803 parties.1.tls"]),
        ("v1.11.2", {"overrides": {"mysql": {"password": 20200101}}}, ["FED804 parties.1.overrides.mysql.password"]),
        (
            "v1.11.2",
            {"overrides": {"python": {"hive": {"password": "x"}}}},
            ["FED804 parties.1.overrides.python.hive.password"],
        ),
        (
            "v1.11.2",
            {"overrides": {"externalMysqlPassword": "env:A"}},
            [],
        ),
        ("v1.11.2", {"overrides": {"mysql": {"password": "${secret:env:A}"}}}, []),
    ],
)
def test_one_mistake_is_one_finding(release: str, party: dict[str, Any], expected: list[str]) -> None:
    """A single wrong key of a party gives exactly one finding, at that key."""
    assert found(federation(release, party)) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (star("v1.4.5"), ["FED603 exchanges.0"]),
        (star("v2.0.0"), ["FED603 exchanges.0"]),
        (star("v2.0.0", {"target": "helm"}), ["FED603 exchanges.0.target"]),
        (star("v2.0.0", {"target": "kubernetes"}), []),
        (star("v1.11.2", {"target": "kubernetes"}), []),
        (star("v1.10.0", {"target": "kubernetes"}), ["FED602 exchanges.0.target"]),
        (star("v1.11.2", {"target": "docker"}), ["FED602 exchanges.0.target"]),
        (star("v1.7.0", {"exposure": BALANCER}), []),
        (star("v1.8.0", {"exposure": BALANCER}), ["FED603 exchanges.0.exposure"]),
        (star("v1.6.0", {"exposure": BALANCER}), ["FED604 exchanges.0.exposure"]),
        (star("v1.11.2", {"kind": "trafficServer"}), ["FED406 exchanges.0.kind"]),
        (star("v1.5.3", {"kind": "trafficServer"}), ["FED606 exchanges.0.kind"]),
        (star("v1.3.0", {"kind": "servingProxy"}), ["FED606 exchanges.0.kind"]),
        (star("v1.3.0", {"kind": "rollsite"}), ["FED606 exchanges.0.kind"]),
        (star("v1.3.0-a", {"kind": "proxy"}), []),
        (star("v2.0.0", {"kind": "rollsite", "target": "kubernetes"}), ["FED606 exchanges.0.kind"]),
        (star("v1.11.2", {"release": "v1.10.0"}), ["FED402 exchanges.0.release"]),
        (star("v1.6.0", {"imagePullSecrets": ["key"]}), ["FED604 exchanges.0.imagePullSecrets"]),
        (
            star("v1.11.2", {"components": {"rollsite": {"resources": {"limits": {"cpu": 1}}}}}),
            ["FED604 exchanges.0.components.rollsite.resources"],
        ),
        (
            star("v2.0.0", {"target": "kubernetes", "overrides": {"osx": {"type": "NodePort"}}}),
            ["FED627 exchanges.0.overrides"],
        ),
        (
            star("v2.0.0", {"target": "kubernetes", "components": {"osx": {"replicas": 2}}}),
            ["FED627 exchanges.0.components.osx.replicas"],
        ),
        (star("v2.0.0", {"target": "kubernetes", "components": {"osx": {"imageTag": "x"}}}), []),
        (star(defaults={"overrides": {"python": {"logLevel": "DEBUG"}}}), []),
        (star(defaults={"components": {"nodemanager": {"replicas": 3}}}), []),
        (star("v1.8.0", defaults={"tls": True}), ["FED604 parties.0.tls"]),
    ],
)
def test_exchanges(data: dict[str, Any], expected: list[str]) -> None:
    """What only an exchange can get wrong, once."""
    assert found(data) == expected


@pytest.mark.parametrize("release", ["v1.8.0", "v1.11.2"])
def test_a_polled_exchange_needs_chart_fate(release: str) -> None:
    """Chart fate-exchange has no key for polling; the finding names the client that asks for it."""
    data = star(release)
    data["parties"][1]["polling"] = "hub"
    finding = only(data, "FED603")
    assert finding.place.path == HUB
    assert [note.place.path for note in finding.notes if note.place] == [(*PARTY, "polling")]
    assert "v1.6.1 to v1.7.2" in finding.hint


def test_load_cannot_be_balanced_in_osx() -> None:
    """One finding for the star, at the exchanges it goes through."""
    hubs = [{"name": name, "cluster": "bank", "target": "kubernetes"} for name in ("east", "west")]
    data = federation("v2.0.0", topology=[{"star": "all", "through": ["east", "west"]}], exchanges=hubs)
    assert found(data) == ["FED603 topology.0.through"]


def test_load_balancing_wants_the_other_router() -> None:
    """With several exchanges the list of modules has lbrollsite, and rollsite stands in its place."""
    modules = ["lbrollsite", "clustermanager", "nodemanager", "mysql", "python"]
    hubs = [{"name": name, "cluster": "bank"} for name in ("east", "west")]
    data = federation(
        topology=[{"star": "all", "through": ["east", "west"]}], exchanges=hubs, party={"modules": modules}
    )
    assert found(data) == []
    data["parties"][1]["modules"] = ["rollsite", *modules[1:]]
    assert found(data) == ["FED405 parties.1.modules.0"]


def test_mysql_is_the_charts_or_an_external_one() -> None:
    """Both together are one finding, at the module."""
    modules = ["rollsite", "clustermanager", "nodemanager", "mysql", "python"]
    assert found(federation(party={"mysql": EXTERNAL, "modules": modules})) == ["FED405 parties.1.modules.3"]
    assert found(federation(party={"mysql": EXTERNAL, "modules": [each for each in modules if each != "mysql"]})) == []
    assert found(federation(party={"mysql": EXTERNAL})) == []


def test_releases_may_differ_where_nobody_talks() -> None:
    """Two meshes of different generations in one file are fine, and so is a pair under `never`."""
    parties = [{"id": number, "cluster": "bank"} for number in (1, 2)]
    parties += [{"id": number, "cluster": "shop", "release": "v1.9.0"} for number in (3, 4)]
    shapes = [{"mesh": [1, 2]}, {"mesh": [3, 4]}]
    assert found(federation(parties=parties, topology=shapes)) == []
    assert found(federation(parties=parties, topology=[*shapes, {"links": [[2, 3]]}])) == ["FED402 parties.2.release"]
    assert found(federation(parties=parties[:3], topology="mesh", never=[[1, 3], [2, 3]])) == []


def test_a_party_and_its_exchange_run_the_same_version() -> None:
    """A party alone behind an exchange of another version is told about the exchange."""
    data = star(exchange={"release": "v1.10.0"})
    finding = only(data, "FED402")
    assert finding.message == "exchange hub runs v1.10.0 and must talk with party 9999, which runs v1.11.2"
    assert [note.place.path for note in finding.notes if note.place] == [("release",)]


def test_the_odd_one_out_is_reported() -> None:
    """Of three parties the one that differs is told, whatever its place in the file."""
    parties = [
        {"id": 1, "cluster": "bank"},
        {"id": 2, "cluster": "bank", "engine": "spark_rabbitmq"},
        {"id": 3, "cluster": "bank", "engine": "spark_rabbitmq"},
    ]
    assert found(federation(parties=parties)) == [
        "FED406 parties.0.engine",
    ]


def test_a_star_is_of_training_or_of_serving() -> None:
    """Exchanges of both in one star have nothing to say to each other."""
    hubs = [{"name": "hub", "cluster": "bank"}, {"name": "scores", "cluster": "shop", "kind": "servingProxy"}]
    data = federation(topology=[{"star": {"hub": [9999], "scores": [10000]}}], exchanges=hubs, defaults={"serving": {}})
    assert found(data) == ["FED406 topology.0.star"]
    both = [{"mesh": "all"}, {"star": "all", "through": ["scores", "more"]}]
    hubs = [{"name": name, "cluster": "bank", "kind": "servingProxy"} for name in ("scores", "more")]
    assert found(federation(topology=both, exchanges=hubs, defaults={"serving": {}})) == ["FED603 topology.1.through"]


def test_a_rollsite_exchange_passes_on_no_other_engine() -> None:
    """The exchange is told, and not its parties; without a kind it is of theirs."""
    data = star(exchange={"kind": "rollsite"}, defaults={"engine": "spark_pulsar"})
    assert found(data) == ["FED406 exchanges.0.kind"]
    assert found(star(defaults={"engine": "spark_pulsar"})) == []


@pytest.mark.parametrize(
    ("release", "defaults", "codes"),
    [
        ("v1.8.0", {"tls": True}, ["FED604"]),
        ("v1.11.2", {"target": "docker"}, ["FED602"]),
        ("v1.11.2", {"registry": "a.example/"}, ["FED408"]),
        ("v1.11.2", {"engine": "spark_pulsar"}, []),
        ("v1.4.0", {"engine": "spark_pulsar"}, ["FED404"]),
        ("v1.11.2", modules("rollsite"), ["FED405"]),
        ("v1.11.2", {"overrides": {"pyton": 1}}, ["FED411"]),
        ("v1.11.2", {"overrides": {"partyId": 1}}, ["FED413"]),
        ("v1.11.2", {"serving": {"release": "v2.1.6"}}, []),
        ("v1.11.2", {"serving": {"release": "v2.1.4"}}, ["FED605"]),
        ("v1.11.2", {"algorithm": "NN", "device": "GPU"}, ["FED407"]),
        ("v1.11.2", {"overrides": {"mysql": {"password": "x"}}}, ["FED804"]),
        ("v1.9.0", {"components": {"mysql": {"resources": {"limits": {"cpu": 1}}}}}, ["FED604"]),
    ],
)
def test_what_is_inherited_is_reported_once(release: str, defaults: dict[str, Any], codes: list[str]) -> None:
    """A wrong default concerns every party, and is one mistake."""
    assert [each.partition(" ")[0] for each in found(federation(release, defaults=defaults))] == codes


def test_defaults_for_a_module_serve_those_who_deploy_it() -> None:
    """Only where nobody deploys the module is the setting without effect."""
    slim = ["rollsite", "clustermanager", "nodemanager", "mysql", "python"]
    defaults = {"components": {"client": {"nodeSelector": {"a": "b"}}}}
    assert found(federation(party={"modules": slim}, defaults=defaults)) == []
    assert found(federation(defaults={**defaults, "modules": slim})) == ["FED604 parties.0.components.client"]


def test_defaults_for_a_module_serve_those_who_add_to_them() -> None:
    """The one who deploys the module may say more of it; what another says himself is without effect."""
    slim = ["rollsite", "clustermanager", "nodemanager", "mysql", "python"]
    defaults = {"modules": slim, "components": {"client": {"nodeSelector": {"a": "b"}}}}
    own = {"modules": [*slim, "client"], "components": {"client": {"tolerations": [{"key": "c"}]}}}
    assert found(federation(party=own, defaults=defaults)) == []
    data = federation(party=own, defaults=defaults)
    data["parties"][0]["components"] = {"client": {"nodeSelector": {"a": "c"}}}
    assert found(data) == ["FED604 parties.0.components.client"]


@pytest.mark.parametrize(
    ("nodemanager", "expected"),
    [
        ({"nodeSelectors": [{"a": "b"}, {"a": "c"}]}, []),
        ({"nodeSelectors": [{"a": "b"}, {"a": "c"}], "replicas": 2}, []),
        ({"nodeSelectors": [{"a": "b"}], "replicas": 2}, []),
        (
            {"nodeSelectors": [{"a": "b"}, {"a": "c"}], "replicas": 3},
            ["FED604 parties.1.components.nodemanager.replicas"],
        ),
        (
            {"nodeSelectors": [{"a": "b"}], "nodeSelector": {"c": "d"}},
            ["FED604 parties.1.components.nodemanager.nodeSelector"],
        ),
    ],
)
def test_nodes_are_named_once(nodemanager: dict[str, Any], expected: list[str]) -> None:
    """Labels for each nodemanager say how many there are."""
    assert found(federation("v1.5.3", party={"components": {"nodemanager": nodemanager}})) == expected


def test_a_relay_that_a_release_does_not_have_is_refused_under_defaults_too() -> None:
    """v1.5.0 has one port of nginx; written once for all parties, the word is still somebody's wish."""
    defaults = {"engine": "spark_rabbitmq", "nginx": "relay"}
    assert found(federation("v1.5.0", defaults=defaults)) == ["FED604 parties.0.nginx"]
    assert found(federation("v1.5.1", defaults=defaults)) == []


@pytest.mark.parametrize(("version", "count"), [("1.21", 0), ("1.22", 1)])
def test_charts_of_serving_need_their_kubernetes(version: str, count: int) -> None:
    """FATE-Serving's charts have limits of their own: v2.0.4 beside FATE v1.7.2 needs Kubernetes below 1.22."""
    clusters = [{"name": "bank", "address": "192.168.9.1", "kubernetes": version}]
    parties: list[dict[str, Any]] = [{"id": number, "cluster": "bank", "serving": {}} for number in (1, 2)]
    expected = ["FED410 clusters.0.kubernetes"] * count
    assert found(federation("v1.7.2", clusters=clusters, parties=parties)) == expected


@pytest.mark.parametrize(("version", "count"), [("1.21", 0), ("1.22", 1), ("1.27", 1)])
def test_old_charts_need_an_old_kubernetes(version: str, count: int) -> None:
    """Ingress v1beta1 is gone from 1.22 on; a cluster is reported once, however many parties it has."""
    clusters = [{"name": "bank", "address": "192.168.9.1", "kubernetes": version}]
    parties = [{"id": number, "cluster": "bank"} for number in (1, 2)]
    expected = ["FED410 clusters.0.kubernetes"] * count
    assert found(federation("v1.6.1", clusters=clusters, parties=parties)) == expected


@pytest.mark.parametrize(("version", "count"), [("1.18", 1), ("1.19", 0), ("1.24", 0), ("1.25", 1)])
def test_new_charts_need_a_newer_kubernetes_and_no_policy(version: str, count: int) -> None:
    """Ingress v1 came with 1.19, PodSecurityPolicy left with 1.25."""
    clusters = [{"name": "bank", "address": "192.168.9.1", "kubernetes": version}]
    parties = [{"id": number, "cluster": "bank"} for number in (1, 2)]
    data = federation(clusters=clusters, parties=parties, defaults={"podSecurityPolicy": True})
    assert [each.partition(" ")[0] for each in found(data)] == ["FED410"] * count


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("v1.11.0", "did you mean v1.11.1? (there is also v1.11.2)"),
        ("v1.5.9", "did you mean v1.5.3? (there is also v1.5.0, v1.5.0-a, v1.5.0-b, v1.5.1, v1.5.2)"),
        ("v1.1.0", "write v1.2.0: fedplan plans v1.2.0 to v2.0.0"),
        ("v1.12.0", "write v1.11.2 or v2.0.0: fedplan plans v1.2.0 to v2.0.0"),
        ("v9.9.9", "write v2.0.0: fedplan plans v1.2.0 to v2.0.0"),
        ("v" + "9" * 5000 + ".0.0", "write a release such as v1.11.2"),
        ("master", "write a release such as v1.11.2"),
    ],
)
def test_unknown_releases_have_a_nearest(name: str, hint: str) -> None:
    """The hint names releases that exist; nothing is too odd for it."""
    assert only(federation(name), "FED401").hint == hint


@pytest.mark.parametrize(
    ("release", "overrides", "hint"),
    [
        ("v1.11.2", {"python": {"loglevel": "INFO"}}, "did you mean python.logLevel?"),
        ("v1.11.2", {"pyton": {"logLevel": "INFO"}}, "did you mean python?"),
        ("v1.11.2", {"enableTLS": True}, "did you mean rollsite.enableTLS?"),
        ("v1.11.2", {"backend": "eggroll"}, "remove it, or use a release whose chart reads it (v1.5.0 to v1.8.1)"),
        ("v1.11.2", {"rollsite.type": "NodePort"}, "nest the keys instead of joining them with dots"),
        ("v1.11.2", {"rollsite": {"exchange": "hub"}}, "write rollsite.exchange.ip, rollsite.exchange.port"),
        ("v1.11.2", {"rollsite": {"frobnicate": 1}}, "remove it; rollsite has "),
        ("v1.11.2", {"frobnicate": 1}, "remove it"),
    ],
)
def test_hints_for_unknown_overrides(release: str, overrides: dict[str, Any], hint: str) -> None:
    """The nearest key, the release that reads it, or that it has to go."""
    assert only(federation(release, {"overrides": overrides}), "FED411").hint.startswith(hint)


def test_secrets_are_never_shown() -> None:
    """Neither message nor hint holds the value, and the place says that its line must be masked."""
    finding = only(federation(party={"overrides": {"fateboard": {"password": "hunter2"}}}), "FED804")
    assert finding.place.secret
    assert "hunter2" not in repr(finding)


@pytest.mark.parametrize(
    ("release", "party", "message"),
    [
        (
            "v1.11.2",
            {},
            "2 parties would go live with KubeFATE's default passwords: MySQL fate/fate_dev and FATEBoard admin/admin",
        ),
        ("v1.5.1", {}, "2 parties would go live with KubeFATE's default passwords: MySQL fate/fate_dev"),
        (
            "v1.5.1",
            {"serving": {}},
            (
                "2 parties would go live with KubeFATE's default passwords: "
                "MySQL fate/fate_dev and FATE-Serving's Redis fate_dev"
            ),
        ),
        (
            "v1.5.1",
            {"credentials": {"mysql": "env:A"}},
            "party 9999 would go live with KubeFATE's default passwords: MySQL fate/fate_dev",
        ),
        (
            "v1.5.1",
            {"overrides": {"mysql": {"password": "env:A"}}},
            "party 9999 would go live with KubeFATE's default passwords: MySQL fate/fate_dev",
        ),
    ],
)
def test_default_passwords_are_one_warning(release: str, party: dict[str, Any], message: str) -> None:
    """All parties and logins together; what the release cannot change is not asked for."""
    assert only(federation(release, party), "FED802").message == message


def test_following_the_hint_about_passwords_leaves_no_finding() -> None:
    """The lines that the hint proposes can be copied as they stand; before v1.4.0 nothing can be set."""
    for name in RELEASE_NAMES:
        release = load(name)
        if name == "v2.0.0" or release is None:
            continue
        if release.order < (1, 4, 0, ""):
            assert examined(federation(name)) == ()
            continue
        hint = only(federation(name), "FED802").hint
        defaults = yaml.safe_load(hint.partition("`")[2].partition("`")[0])
        assert examined(federation(name, defaults=defaults)) == ()


def test_only_parties_with_a_chart_of_v2_are_told_to_upload_it() -> None:
    """A party's own release is pointed at where the federation runs another."""
    parties = [{"id": 1, "cluster": "bank"}, {"id": 2, "cluster": "bank", "release": "v2.0.0", "target": "helm"}]
    finding = only(federation(parties=parties, topology=[{"mesh": [1]}, {"mesh": [2]}]), "FED403")
    assert finding.place.path == (*PARTY, "release")
    assert "upload" not in finding.hint


COMPONENT = {
    "replicas": 3,
    "sessionProcessorsPerNode": 4,
    "resources": {"limits": {"cpu": 1}},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "fate"}],
    "affinity": {"nodeAffinity": {}},
    "image": "mirror/fate",
    "imageTag": "mine",
}
CLAIM = {"storageClass": "a", "existingClaim": "b", "size": "1Gi", "accessMode": "ReadWriteOnce", "subPath": "c"}
DEPLOYED = ("rollsite", "lbrollsite", "osx", "clustermanager", "nodemanager", "mysql", "python", "fateboard", "client")
SETTINGS: tuple[dict[str, Any], ...] = (
    *({"components": {module: {key: value}}} for module in DEPLOYED for key, value in COMPONENT.items()),
    *(
        {"components": {module: {"storage": {key: value}}}, "persistence": True}
        for module in DEPLOYED
        for key, value in CLAIM.items()
    ),
    *({"persistence": {key: value}} for key, value in CLAIM.items()),
    {"exposure": BALANCER},
    {"exposure": "ClusterIP"},
    {"fateflow": "ClusterIP"},
    {"tls": True},
    {"imageTag": "mine"},
    {"pullPolicy": "Always"},
    {"imagePullSecrets": ["key"]},
    {"istio": True},
    {"podSecurityPolicy": True},
    {"registry": "harbor.example.com"},
    {"mysql": EXTERNAL},
    *({"credentials": {name: "env:A"}} for name in ("mysql", "fateboard", "notebook")),
    {"ingress": {"domain": "fate.example"}},
    {"ingress": {"class": "traefik"}},
    *({"ingress": {name: {"hosts": ["a.example"], "tlsSecret": "a"}}} for name in ("fateboard", "client", "spark")),
    {"ingress": {"client": {"hosts": ["a.example", "b.example"]}}},
    {"ingress": {"client": {"hosts": ["a.example"], "annotations": {"a": "b"}}}},
)
OF_EXCHANGES = {
    "exposure",
    "tls",
    "registry",
    "imageTag",
    "pullPolicy",
    "imagePullSecrets",
    "components",
    "podSecurityPolicy",
}


def rendered(data: dict[str, Any]) -> list[str]:
    """The files of every site; each must lose nothing on its way through the chart."""
    plan = resolve(examine(interpret(data, complete=True), Lock()))
    texts = []
    for planned in plan.sites:
        for name, text in kubefate.render(plan, planned).items():
            texts.append(text)
            if name == site_json.NAME:
                continue
            reading = charts.read(text, name)
            assert isinstance(reading, Reading)
            assert (reading.dropped, reading.remarks) == ((), ())
    return texts


def slow(*values: str) -> Any:
    """A case that is alike to one of the default run."""
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    "release", ["v1.5.1", slow("v1.6.0"), slow("v1.6.1"), slow("v1.8.0"), slow("v1.9.0"), "v1.11.2"]
)
def test_a_setting_is_refused_or_arrives(release: str) -> None:
    """Whatever a party, an exchange or `defaults` sets is either a finding or read by the chart, and never lost."""
    plain = rendered(star(release))
    for setting, where in product(SETTINGS, ("party", "exchange", "defaults")):
        if where == "exchange" and not OF_EXCHANGES.issuperset(setting):
            continue
        data = star(release, exchange=setting if where == "exchange" else {})
        if where == "party":
            data["parties"][1].update(setting)
        elif where == "defaults":
            data["defaults"] = setting
        findings = [each for each in examined(data) if each.fault.code not in ANSWERS]
        assert all(each.hint for each in findings)
        assert len(findings) <= 1, (setting, where)
        if not any(each.is_error for each in findings):
            assert rendered(data) != plain, (setting, where)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 99999) | st.sampled_from(["", "x", "env:A", "NodePort", "10.0.0.1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "rollsite",
                    "python",
                    "password",
                    "type",
                    "partyList",
                    "a.b",
                    "partyId",
                    "clustermanager",
                    "nodes",
                    "\x1b[31m\n",
                    "k" * 99,
                ]
            )
            | st.integers(1, 3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
overrides = st.dictionaries(
    st.sampled_from(
        ["rollsite", "osx", "lbrollsite", "python", "nodemanager", "modules", "ingress", "host", "[*]", ""]
    ),
    json_values,
    min_size=1,
)
releases = st.sampled_from([*RELEASE_NAMES, "", "v1.11.0", "vx", "v0.0.0-z"])
engines = st.sampled_from(["eggroll", "spark_pulsar", "spark_local_rabbitmq", "nonsense"]) | st.fixed_dictionaries(
    {
        "computing": st.sampled_from(["Eggroll", "Spark"]),
        "federation": st.sampled_from(["OSX", "Eggroll", "Pulsar"]),
        "storage": st.sampled_from(["Eggroll", "HDFS"]),
    }
)
odd_settings: dict[Any, st.SearchStrategy[Any]] = {
    "release": releases,
    "target": st.sampled_from(["kubefate", "helm", "kubernetes", "docker", "nowhere"]),
    "overrides": overrides,
    "tls": st.booleans(),
    "exposure": st.sampled_from(["NodePort", "ClusterIP", BALANCER]),
    "components": st.dictionaries(
        st.sampled_from(["rollsite", "osx", "nginx", "nonsense"]),
        st.dictionaries(st.sampled_from(["replicas", "image", "nonsense"]), st.integers(1, 3)),
    ),
    "registry": st.sampled_from(["", "/", "a/", "a"]),
    "imageTag": st.just("x"),
}
party_settings: dict[Any, st.SearchStrategy[Any]] = {
    **odd_settings,
    "engine": engines,
    "algorithm": st.sampled_from(["NN", "nonsense"]),
    "device": st.sampled_from(["GPU", "nonsense"]),
    "modules": st.lists(st.sampled_from(["rollsite", "osx", "lbrollsite", "mysql", "python", "nonsense"]), max_size=4),
    "polling": st.sampled_from([1, 7, "hub", "nowhere"]),
    "credentials": st.dictionaries(st.sampled_from(["mysql", "fateboard", "notebook", "nonsense"]), st.just("env:A")),
    "serving": st.just({"release": "v2.1.6"}),
    "ingress": st.just({"class": "x", "nonsense": {"hosts": []}}),
    "podSecurityPolicy": st.booleans(),
}
odd_exchange: dict[Any, st.SearchStrategy[Any]] = {
    **odd_settings,
    "kind": st.sampled_from(["rollsite", "osx", "trafficServer"]),
    "upstream": st.sampled_from(["hub", "nowhere"]),
}
odd_federations = st.fixed_dictionaries(
    {
        "release": releases,
        "topology": st.sampled_from(
            [
                "mesh",
                "star",
                [{"star": [1, 2, 7], "through": ["hub", "nowhere"]}],
                [{"star": {"hub": [1], "nowhere": [2, 1]}}, {"links": [[1, 7], [1, 1]]}, {"mesh": [1, 1, 2]}],
            ]
        ),
        "never": st.lists(st.sampled_from([[1, 2], [7, 7]]), max_size=2),
        "clusters": st.lists(
            st.fixed_dictionaries(
                {"name": st.sampled_from(["a", "b"]), "address": st.just("10.0.0.1")},
                optional={"kubernetes": st.sampled_from(["1.16", "v1.27.3"])},
            ),
            max_size=2,
        ),
        "exchanges": st.lists(
            st.fixed_dictionaries(
                {"name": st.sampled_from(["hub", "spoke"]), "cluster": st.sampled_from(["a", "c"])},
                optional=odd_exchange,
            ),
            max_size=2,
        ),
        "parties": st.lists(
            st.fixed_dictionaries(
                {"id": st.integers(1, 3), "cluster": st.sampled_from(["a", "c"])}, optional=party_settings
            ),
            max_size=3,
        ),
        "defaults": st.fixed_dictionaries({}, optional=party_settings),
    }
)


@settings(max_examples=35, deadline=None)
@given(odd_federations)
def test_no_federation_is_too_odd(data: dict[str, Any]) -> None:
    """Undeclared, duplicate and unknown names give findings or nothing, never an exception; all have a hint."""
    subject = examine(interpret(data, complete=True), Lock())
    for module in MODULES:
        for finding in module.check(subject):
            assert finding.fault == module.FAULT
            assert finding.message
            assert finding.hint
            assert (finding.message + finding.hint).isprintable()
            assert len(finding.message) < 300


def test_hints_name_releases_that_exist() -> None:
    """Stretches of releases are made of the releases' own data."""
    assert releases_with(lambda release: release.has_polling) == "v1.6.1 to v1.11.2"
    assert releases_with(lambda release: release.has_external_mysql) == "v1.4.0 to v1.4.5 and v1.6.0-a to v2.0.0"
    assert releases_with(lambda release: release is load("v1.9.1")) == "v1.9.1"
    assert releases_with(lambda _: False) == ""


SPARK = ("python", "sparkMaster", "sparkWorker", "namenode", "datanode", "nginx", "rabbitmq", "pulsar", "mysql")
OF_SPARK: tuple[dict[str, Any], ...] = (
    *({"components": {word: {key: value}}} for word in SPARK for key, value in COMPONENT.items()),
    *(
        {"components": {word: {"storage": {key: value}}}, "persistence": True}
        for word in SPARK
        for key, value in CLAIM.items()
    ),
    {"components": {"sparkWorker": {"resources": {"requests": {"cpu": "2"}}}}},
    {"exposure": {**BALANCER, "addresses": {"nginx": "10.0.0.8"}}},
    {"exposure": {**BALANCER, "addresses": {"pulsarTls": "10.0.0.9"}}},
    {"nginx": "direct"},
    {"pulsar": {"tenant": "mine"}},
    *({"ingress": {name: {"hosts": ["a.example"]}}} for name in ("spark", "rabbitmq", "pulsar", "fateboard")),
)
SERVED = ("servingProxy", "servingServer", "servingRedis", "servingZookeeper", "servingAdmin")
OF_SERVING: tuple[dict[str, Any], ...] = (
    *({"components": {word: {key: value}}} for word in SERVED for key, value in COMPONENT.items()),
    *(
        {"components": {word: {"storage": {key: value}}}, "persistence": True}
        for word in SERVED
        for key, value in CLAIM.items()
    ),
    *({"persistence": {key: value}} for key, value in CLAIM.items()),
    {"exposure": BALANCER},
    {"exposure": "ClusterIP"},
    {"redis": {"host": "10.0.0.6", "password": "env:REDIS"}},
    {"credentials": {"redis": "env:REDIS"}},
    {"credentials": {"admin": "env:ADMIN"}},
    {"cache": "redis"},
    *({"adapters": {key: "http://a.example"}} for key in ("single", "batch", "url")),
    {"useRegistry": True},
    {"name": "scoring"},
    {"namespace": "scoring"},
    *({"ingress": {name: {"hosts": ["a.example"]}}} for name in ("servingProxy", "servingAdmin")),
    {"ingress": {"servingProxy": {"hosts": ["a.example", "b.example"]}}},
    {"ingress": {"servingProxy": {"hosts": ["a.example"], "tlsSecret": "a"}}},
    {"ingress": {"servingProxy": {"hosts": ["a.example"], "annotations": {"a": "b"}}}},
)


def refused_or_arrives(data: dict[str, Any], plain: list[str], setting: object) -> None:
    """One finding at most, and without an error the files differ from those without the setting, unless it is idle."""
    idle = tuple(idle_setting.check(examine(interpret(data, complete=True), Lock())))
    findings = [*idle, *(each for each in examined(data) if each.fault.code not in ANSWERS)]
    assert all(each.hint for each in findings)
    assert len(findings) <= 1, (setting, [each.message for each in findings])
    if not idle and not any(each.is_error for each in findings):
        assert rendered(data) != plain, setting


@pytest.mark.parametrize(
    ("release", "engine", "shape"),
    [
        ("v1.5.0", "spark_rabbitmq", "mesh"),
        slow("v1.5.3", "spark_rabbitmq", "mesh"),
        ("v1.6.1", "spark_pulsar", "star"),
        slow("v1.8.0", "spark_local_pulsar", "star"),
        slow("v1.9.0", "spark_local_rabbitmq", "mesh"),
        ("v1.11.2", "spark_pulsar", "star"),
        slow("v1.11.2", "spark_rabbitmq", "mesh"),
    ],
)
def test_a_setting_of_spark_is_refused_or_arrives(release: str, engine: str, shape: str) -> None:
    """As for Eggroll: nothing that a Spark party says of its components is lost."""

    def data(setting: dict[str, Any]) -> dict[str, Any]:
        made = star(release) if shape == "star" else federation(release)
        made["parties"][1].update(setting)
        made["defaults"] = {"engine": engine}
        return made

    plain = rendered(data({}))
    for setting in OF_SPARK:
        if setting == {"nginx": "direct"} and release == "v1.5.0":
            continue  # there is no other way with its nginx of one port
        refused_or_arrives(data(setting), plain, setting)


@pytest.mark.parametrize("release", ["v1.4.0", slow("v1.5.3"), slow("v1.8.0"), "v1.11.2"])
def test_a_setting_of_serving_is_refused_or_arrives(release: str) -> None:
    """As for training: nothing that stands in the block `serving` is lost."""

    def data(setting: dict[str, Any]) -> dict[str, Any]:
        return federation(release, {"serving": setting}, defaults={"serving": {}})

    plain = rendered(data({}))
    for setting in OF_SERVING:
        refused_or_arrives(data(setting), plain, setting)
