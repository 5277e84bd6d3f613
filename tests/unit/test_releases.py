"""The release files satisfy their schema and say what the reference says.

The facts are restated in `tests/facts`; the originals are compared with too where they are at hand.
"""

from __future__ import annotations

import csv
import json
from dataclasses import FrozenInstanceError
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from planner import releases
from planner.releases import (
    FATE,
    FATE_EXCHANGE,
    FATE_SERVING,
    KUBE_CFG,
    RELEASE_NAMES,
    SERVING_NAMES,
    Release,
    ServingRelease,
    load,
    load_serving,
    release_order,
)
from tests.quick_yaml import loaded

ROOT = Path(__file__).parents[2]
FILES = ROOT / "planner" / "releases"
FACTS = ROOT / "tests" / "facts"
REFERENCE = ROOT.parent / "shared" / "reference" / "kubefate"
SCHEMA = json.loads((FILES / "release.schema.json").read_text())
SERVING_SCHEMA = json.loads((FILES / "serving.schema.json").read_text())
REGISTRY: Any = Registry().with_resources(
    [(schema["$id"], Resource.from_contents(schema)) for schema in (SCHEMA, SERVING_SCHEMA)]
)

DOCUMENTED = [
    "v1.3.0-a",
    "v1.3.0-b",
    "v1.4.0",
    "v1.4.5",
    "v1.5.0",
    "v1.5.1",
    "v1.5.3",
    "v1.6.0",
    "v1.6.0-a",
    "v1.6.1",
    "v1.7.0",
    "v1.7.1",
    "v1.7.2",
    "v1.8.0",
    "v1.9.0",
    "v1.9.2",
    "v1.10.0",
    "v1.11.1",
    "v1.11.2",
    "v2.0.0",
]
"""Charts whose keys the reference lists one by one; the others have those of the one before."""

SCRIPTS = ("v1.2.0", "v1.3.0")
"""Releases without a cluster.yaml."""

every_release = pytest.mark.parametrize("name", RELEASE_NAMES)
every_cluster_release = pytest.mark.parametrize("name", [name for name in RELEASE_NAMES if name not in SCRIPTS])
every_serving = pytest.mark.parametrize("name", SERVING_NAMES)


def known(name: str) -> Release:
    """Return a release that must exist."""
    release = load(name)
    assert release is not None
    return release


def known_serving(name: str) -> ServingRelease:
    """Return a chart of FATE-Serving that must exist."""
    release = load_serving(name)
    assert release is not None
    return release


@cache
def restated() -> dict[str, Any]:
    """Return the restated facts about versions."""
    facts: dict[str, Any] = loaded((FACTS / "versions.yaml").read_text())
    return facts


def fact(table: str, name: str) -> Any:
    """Return the value a table gives for a release: that of the last entry not after it."""
    return value_at(restated()[table], name)


def serving_fact(table: str, name: str) -> Any:
    """Return the value a table gives for a chart of FATE-Serving."""
    return value_at(restated()["serving_charts"][table], name)


def value_at(table: dict[str, Any], name: str) -> Any:
    """Return the value of the last entry that is not after a release."""
    earlier = [at for at in table if release_order(at) <= release_order(name)]
    return table[max(earlier, key=release_order)] if earlier else None


@cache
def key_rows() -> tuple[dict[str, str], ...]:
    """Return the rows of keys.tsv."""
    lines = [line for line in (FACTS / "keys.tsv").read_text().splitlines() if not line.startswith("#")]
    return tuple(csv.DictReader(lines, delimiter="\t"))


def within(name: str, first: str, last: str) -> bool:
    """Whether a release lies between two others, both included; an empty last one means no end."""
    return release_order(first) <= release_order(name) and (not last or release_order(name) <= release_order(last))


def holds(row: dict[str, str], name: str) -> bool:
    """Whether a row of keys.tsv says that this release reads the key."""
    if row["note"] or row["chart"] == FATE_SERVING:
        return within(name, row["since"], row["last"])
    documented = documented_by(name)
    if documented is None:
        return False  # scripts: no cluster.yaml
    return within(documented, row["since"], row["last"]) and documented not in row["absent"].split(",")


@cache
def documented_by(name: str) -> str | None:
    """The last release up to this one whose charts are documented."""
    earlier = [at for at in DOCUMENTED if release_order(at) <= release_order(name)]
    return max(earlier, key=release_order, default=None)


@cache
def expected_keys(chart: str, name: str) -> frozenset[str]:
    """Return the key paths that keys.tsv gives for a chart of a release."""
    return frozenset(row["path"] for row in key_rows() if row["chart"] == chart and holds(row, name))


def errors(pointer: str, document: object, schema: dict[str, Any] = SCHEMA) -> list[str]:
    """Return what a part of a schema has against a document."""
    validator = Draft202012Validator({"$ref": f"{schema['$id']}{pointer}"}, registry=REGISTRY)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def dead_at(row: dict[str, str], name: str) -> bool:
    """Whether a row of keys.tsv says that no template of this release renders the key."""
    first, _, last = row["dead"].partition("..")
    return bool(first) and within(name, first, last or first)


class TestFiles:
    """The files themselves."""

    def test_every_name_has_a_file_and_every_file_a_name(self) -> None:
        """RELEASE_NAMES and SERVING_NAMES are the lists of files."""
        assert sorted(path.stem for path in FILES.glob("*.yaml")) == sorted(RELEASE_NAMES)
        assert sorted(path.stem for path in (FILES / "serving").glob("*.yaml")) == sorted(SERVING_NAMES)

    def test_names_stand_in_release_order(self) -> None:
        """Oldest first; a letter comes after the release without one."""
        assert list(RELEASE_NAMES) == sorted(RELEASE_NAMES, key=release_order)
        assert list(SERVING_NAMES) == sorted(SERVING_NAMES, key=release_order)
        assert release_order("v1.4.0") < release_order("1.4.0-a") < release_order("v1.4.1")
        assert release_order("v1.9.2") < release_order("v1.10.0")

    @pytest.mark.parametrize("schema", [SCHEMA, SERVING_SCHEMA], ids=["release", "serving"])
    def test_schema_is_valid_and_describes_every_property(self, schema: dict[str, Any]) -> None:
        """The schemas are JSON Schema 2020-12, and no property of them is without a description."""
        Draft202012Validator.check_schema(schema)
        silent: list[str] = []

        def walk(node: object, path: str) -> None:
            if isinstance(node, dict):
                for key, value in node.get("properties", {}).items():
                    if "description" not in value and "complete" not in path:
                        silent.append(f"{path}.{key}")
                for key, value in node.items():
                    walk(value, f"{path}.{key}")

        walk(schema, "$")
        assert silent == []

    @every_release
    def test_file_satisfies_schema(self, name: str) -> None:
        """Every file alone, and complete once merged over those it extends."""
        assert errors("", loaded((FILES / f"{name}.yaml").read_text())) == []
        assert errors("#/$defs/complete", releases.document(name)) == []

    @every_serving
    def test_serving_file_satisfies_schema(self, name: str) -> None:
        """Every file alone, and complete once merged; the name is the file's."""
        raw = loaded((FILES / "serving" / f"{name}.yaml").read_text())
        assert errors("", raw, SERVING_SCHEMA) == []
        assert errors("#/$defs/complete", releases.serving_document(name), SERVING_SCHEMA) == []
        assert (raw["name"], known_serving(name).version) == (name, name)

    def test_schema_refuses_what_is_wrong(self) -> None:
        """An incomplete release, a misspelt key and an unknown type are found."""
        document = releases.document("v1.11.2")
        assert errors("#/$defs/complete", {**document, "toyy": {}}) != []
        assert errors("#/$defs/complete", {key: document[key] for key in document if key != "toy"}) != []
        assert errors("#/$defs/complete", {**document, "generation": "script"}) != []
        serving = releases.serving_document("v2.1.6")
        assert errors("#/$defs/complete", {**serving, "dialect": "host"}, SERVING_SCHEMA) != []
        assert errors("", {"name": "v9.9.9", "chart": {"version": "v9.9.9"}, "keys": {"fate": {"a": "x"}}}) != []

    @every_release
    def test_file_is_named_after_its_chart(self, name: str) -> None:
        """File name, `name` and chart version are one; FATE's version is the name without letter."""
        raw = loaded((FILES / f"{name}.yaml").read_text())
        assert (raw["name"], raw["chart"]["version"], known(name).fate) == (
            name,
            name[1:] if name in SCRIPTS else name,
            name[1:].partition("-")[0],
        )

    @pytest.mark.parametrize(
        ("folder", "name"),
        [*((FILES, name) for name in RELEASE_NAMES), *((FILES / "serving", name) for name in SERVING_NAMES)],
        ids=[*RELEASE_NAMES, *(f"serving-{name}" for name in SERVING_NAMES)],
    )
    def test_chain_has_three_files_at_most_and_goes_back_in_time(self, folder: Path, name: str) -> None:
        """A release extends an earlier one, in a chain of three files at most."""
        chain = [name]
        while extended := loaded((folder / f"{chain[-1]}.yaml").read_text()).get("extends"):
            chain.append(extended)
        assert chain == sorted(chain, key=release_order, reverse=True)
        assert len(chain) <= 3


class TestLoad:
    """The loader."""

    def test_takes_a_name_with_or_without_v(self) -> None:
        """Both spellings give the same object."""
        assert load("1.11.2") is load("v1.11.2")
        assert load_serving("2.1.6") is load_serving("v2.1.6")

    @pytest.mark.parametrize("name", ["v1.3.1", "v2.1.6", "latest", "", "v", "vv1.11.2", "../v1.4.0", "serving/v2.1.6"])
    def test_unknown_release_is_none(self, name: str) -> None:
        """A name without a file is no exception."""
        assert load(name) is None

    @pytest.mark.parametrize("name", ["v1.11.2", "", "v", "../v1.4.0", "serving/v2.1.6"])
    def test_unknown_serving_is_none(self, name: str) -> None:
        """FATE-Serving has versions of its own."""
        assert load_serving(name) is None

    def test_release_cannot_be_changed(self) -> None:
        """Releases are values."""
        with pytest.raises(FrozenInstanceError):
            known("v1.11.2").name = "v9"  # type: ignore[misc]

    def test_first_two(self) -> None:
        """The numbers two parties of one federation must share."""
        assert known("v1.10.0").first_two == (1, 10)

    def test_null_removes_an_inherited_key(self) -> None:
        """2.0.0 lies over a release with rollsite and knows nothing of it."""
        assert "rollsite" not in releases.document("v2.0.0")["keys"]["fate"]
        assert "rollsite" in releases.document("v1.10.0")["keys"]["fate"]


class TestReads:
    """`reads`, `is_dead` and `kind`."""

    @pytest.mark.parametrize(
        ("name", "chart", "path", "expected"),
        [
            ("v1.11.2", FATE, "rollsite.partyList[*].partyIp", True),
            ("v1.11.2", FATE, "rollsite.partyList", True),
            ("v1.11.2", FATE, "rollsite", True),
            ("v1.11.2", FATE, "rollsite.partyList[*].ip", False),
            ("v1.11.2", FATE, "rollsite.port", False),
            ("v1.11.2", FATE, "rollsite.nodeSelector.kubernetes.io/hostname", True),
            ("v1.11.2", FATE, "rollsite.tolerations[*].key", True),
            ("v1.11.2", FATE, "imagePullSecrets[*].name", True),
            ("v1.11.2", FATE, "rollsite.nodePort.number", False),
            ("v1.11.2", FATE, "rollsite.polling.clientList[*].partID", True),
            ("v1.11.2", FATE, "rollsite.polling.clientList[*].partyId", False),
            ("v1.11.2", FATE, "ingress.fateboard.hosts[*].name", True),
            ("v1.11.2", FATE, "osx.nodePort", False),
            ("v1.11.2", FATE, "imageTag", False),
            ("v1.11.2", FATE_EXCHANGE, "rollsite.loadBalancerIP", False),
            ("v1.11.2", FATE_EXCHANGE, "trafficServer.route_table", True),
            ("v1.11.2", "fate-serving", "servingProxy", False),
            ("v1.8.1", FATE, "imageTag", True),
            ("v1.8.0", FATE, "nodemanager.sessionProcessorsPerNode", True),
            ("v1.5.0", FATE, "nodemanager.list[*].nodeSelector.disk", True),
            ("v1.6.1", FATE, "python.spark.driverHost", True),
            ("v1.6.0", FATE, "python.spark.driverHost", False),
            ("v1.5.3", FATE_EXCHANGE, "rollsite", False),
            ("v1.3.0-a", FATE, "proxy.partyList[*].partyIp", True),
            ("v1.3.0-a", FATE, "servingIp", False),
            ("v1.3.0-b", FATE, "servingIp", True),
            ("v1.2.0", FATE, "partyId", False),
            ("v1.2.0", KUBE_CFG, "exchangeip", True),
            ("v1.2.0", ".env", "RegistryURI", True),
            ("v1.3.0", "helm", "nfspath", True),
            ("v1.3.0-a", KUBE_CFG, "exchangeip", False),
            ("v2.0.0", FATE, "rollsite", False),
            ("v2.0.0", FATE_EXCHANGE, "rollsite", False),
        ],
    )
    def test_reads(self, name: str, chart: str, path: str, expected: bool) -> None:
        """A known path, a path above one, and anything below a free-form map or list; nothing else."""
        assert known(name).reads(chart, path) is expected

    @pytest.mark.parametrize(
        ("name", "path", "expected"),
        [
            ("v2.0.0", "osx.exchange.ip", True),
            ("v2.0.0", "osx.exchange", True),
            ("v2.0.0", "osx.polling.clientList[*].partID", True),
            ("v2.0.0", "osx.partyList", False),
            ("v1.11.2", "rollsite.exchange", False),
            ("v1.6.1", "host.fateboard", True),
            ("v1.6.0", "host.fateboard", False),
            ("v1.5.3", "nodemanager.nodeSelector.disk", True),
            ("v1.5.3", "nodemanager.list[*].nodeSelector", False),
            ("v1.11.2", "rabbitmq.default_user", True),
            ("v1.11.2", "python.rabbitmq.user", False),
        ],
    )
    def test_is_dead(self, name: str, path: str, expected: bool) -> None:
        """What a dead path contains is dead too; what contains it is not."""
        assert known(name).is_dead(FATE, path) is expected

    def test_kind(self) -> None:
        """Types as the files have them."""
        release = known("v1.11.2")
        assert [release.kind(FATE, path) for path in ("rollsite", "rollsite.nodePort", "rollsite.x")] == [
            "keys",
            "port",
            None,
        ]
        assert release.kind(FATE, "rollsite.partyList") == "items"


class TestKeys:
    """The keys of every release against the restated ones."""

    @every_release
    @pytest.mark.parametrize("chart", [FATE, FATE_EXCHANGE])
    def test_every_restated_key_is_read(self, name: str, chart: str) -> None:
        """No key of the reference is missing."""
        missing = [path for path in expected_keys(chart, name) if not known(name).reads(chart, path)]
        if (name, chart) == ("v2.0.0", FATE_EXCHANGE):  # the chart of v1.11.2, whose rollsite is of no use
            missing = [path for path in missing if path.partition(".")[0] != "rollsite"]
        assert missing == []

    @every_release
    @pytest.mark.parametrize("chart", [FATE, FATE_EXCHANGE])
    def test_no_other_key_is_read(self, name: str, chart: str) -> None:
        """Every leaf is a key of the reference, or spells out the items of a list that is one."""
        expected = expected_keys(chart, name)
        spelt_out = [leaf.partition("[*]")[0] if leaf not in expected else leaf for leaf in known(name).leaves(chart)]
        assert sorted(set(spelt_out) - expected) == []

    @every_release
    def test_keys_that_are_gone_are_not_read(self, name: str) -> None:
        """A key outside its range is not read, unless a free-form map took its place."""
        release = known(name)
        expected = expected_keys(FATE, name)
        wrong = [
            row["path"]
            for row in key_rows()
            if row["chart"] == FATE
            and row["path"] not in expected
            and release.reads(FATE, row["path"])
            and not row["path"].startswith("python.spark.")
            and not any(path.startswith(f"{row['path']}.") for path in expected)
        ]
        assert wrong == []

    @every_release
    def test_dead_keys(self, name: str) -> None:
        """Exactly the restated keys are dead."""
        expected = {row["path"] for row in key_rows() if row["chart"] == FATE and dead_at(row, name)}
        release = known(name)
        inner = {row["path"] for row in key_rows() if row["chart"] == FATE and release.is_dead(FATE, row["path"])}
        assert inner & expected_keys(FATE, name) == expected & expected_keys(FATE, name)

    @every_release
    def test_dead_paths_are_read(self, name: str) -> None:
        """A path that is dead is one the chart maps, or it would simply be unknown."""
        dead = releases.document(name).get("dead", {})
        assert [path for chart, paths in dead.items() for path in paths if not known(name).reads(chart, path)] == []

    @every_release
    def test_other_parts_name_keys_that_are_read(self, name: str) -> None:
        """Engine selectors, Service keys, credentials, changes and defaults name keys of a chart."""
        release = known(name)
        paths: list[str | None] = [key for engine in release.engines for key, _ in engine.selector]
        paths += [engine.scale_key for engine in release.engines]
        paths += [release.fateflow.type_key, release.fateflow.http_key, release.fateflow.grpc_key]
        for credential in release.credentials:
            paths += [credential.user_key, credential.password_key]
        paths += [key for change in release.changes for key in change.keys]
        paths += [default.key for default in release.defaults]
        paths += [f"{module}.storageClass" for module, _ in release.storage_classes]
        paths += release.unread
        charts = (FATE, FATE_EXCHANGE)
        assert [path for path in paths if path and not any(release.reads(chart, path) for chart in charts)] == []

    @every_release
    def test_nothing_that_is_named_is_dead(self, name: str) -> None:
        """What a change takes and what a default shows is rendered."""
        release = known(name)
        paths = [key for change in release.changes for key in change.keys]
        paths += [default.key for default in release.defaults]
        assert [path for path in paths if release.is_dead(FATE, path)] == []

    @every_release
    def test_modules_that_are_named_exist(self, name: str) -> None:
        """A default belongs to a module of some engine; an engine's block, broker and needs are modules."""
        release = known(name)
        every = {module for engine in release.engines for module in engine.modules}
        assert {default.module for default in release.defaults} - {""} <= every
        assert {module for module, _ in release.storage_classes} <= every
        for engine in release.engines:
            assert {engine.module, engine.broker} - {None} <= set(engine.modules)
            assert set(engine.optional) < set(engine.modules)
            assert set(engine.required) == set(engine.modules) - set(engine.optional)
            assert {module for module, _ in engine.needs} <= {*engine.modules, "lbrollsite"}

    @every_release
    def test_changes_say_one_thing(self, name: str) -> None:
        """A group of keys is read again, by every task or by the clock, or names what to restart."""
        for change in known(name).changes:
            assert [bool(change.restart), change.seconds is not None, change.each_task].count(True) == 1, change

    @every_release
    def test_no_key_changes_in_two_ways(self, name: str) -> None:
        """Each key stands in one group of changes."""
        keys = [key for change in known(name).changes for key in change.keys]
        assert len(keys) == len(set(keys))


class TestFacts:
    """The other facts of every release against the restated ones."""

    @every_release
    def test_chart(self, name: str) -> None:
        """Published where the repository has it, tagged where KubeFATE has a tag."""
        chart = known(name).chart
        assert known(name).generation == fact("generation", name)
        assert (chart.name, chart.published) == (fact("chart", name), name in restated()["published"])
        assert chart.git_tag == (None if name in restated()["untagged"] else name)

    @every_release
    def test_service(self, name: str) -> None:
        """The KubeFATE service of the release; skippedKeys came with the CLI's validation in 1.9."""
        service = known(name).kubefate
        assert service.version == fact("service", name)
        image = fact("service_image", name)
        assert service.image == (f"federatedai/kubefate:{image}" if image else "")
        assert ("chartName" in service.keys) is (release_order(name) >= release_order("v1.4.0"))
        assert ("skippedKeys" in service.keys) is (release_order(name) >= release_order("v1.9.0"))

    @every_release
    def test_engine(self, name: str) -> None:
        """Modules, selector and scale key of the eggroll family."""
        engine = known(name).engine("eggroll")
        assert engine is not None
        assert engine.module == fact("module", name) == known(name).module
        assert dict(engine.selector) == fact("selector", name)
        assert list(engine.modules) == fact("modules", name)
        assert engine.scale_key == fact("scale", name)
        assert (dict(engine.needs).get("rollsite") == "clustermanager") is fact("clustermanager_needed", name)
        assert set(engine.optional) <= {"fateboard", "client", "fateflow"}
        assert engine.broker is None

    @every_release
    def test_engines(self, name: str) -> None:
        """Which engines a release has; the Spark engines' selector, modules and what scales."""
        release = known(name)
        assert [engine.name for engine in release.engines] == fact("engines", name)
        for engine in release.engines[1:]:
            assert (engine.module, engine.broker) == ("nginx", engine.name.rpartition("_")[2])
            assert dict(engine.selector) == fact(f"{engine.name}_selector", name)
            assert list(engine.modules) == fact(f"{engine.name}_modules", name)
            assert engine.optional == ("fateboard", "client")
            assert engine.scale_key == ("spark.worker.replicas" if "spark" in engine.modules else "")

    @every_release
    def test_selectors_and_modules_tell_engines_apart(self, name: str) -> None:
        """No two engines of a release are written alike."""
        engines = known(name).engines
        assert len({(engine.selector, engine.modules) for engine in engines}) == len(engines)

    @every_release
    def test_algorithms(self, name: str) -> None:
        """Which algorithm runs on which device."""
        release = known(name)
        expected = fact("algorithms", name)
        assert {algorithm: list(devices) for algorithm, devices in release.algorithms} == expected
        assert release.supports("Basic", "CPU")
        assert release.supports("ALL", "GPU") is (not expected or "ALL" in expected)

    @every_release
    def test_exchanges(self, name: str) -> None:
        """Charts for an exchange, best of a kind first, in the release's own version."""
        exchanges = known(name).exchanges
        assert [[item.kind, item.chart, list(item.modules)] for item in exchanges] == fact("exchanges", name)
        own = known(name).chart.version if name != "v2.0.0" else "v1.11.2"  # 2.0.0 has no chart fate-exchange
        assert {item.version for item in exchanges} <= {own}
        assert (FATE_EXCHANGE in known(name).charts) is (name in restated()["exchange_published"])
        for exchange in exchanges:
            tag = fact("exchange_tag", name) if exchange.chart == FATE_EXCHANGE else known(name).images.tag
            assert exchange.default_tag == (None if exchange.kind == "proxy" else tag)

    @every_release
    def test_exchange_modules_are_read(self, name: str) -> None:
        """The chart of an exchange has keys for each of its modules."""
        release = known(name)
        if name in SCRIPTS:
            return  # a chart of its own, which the scripts write
        blocks = [(item.chart, module) for item in release.exchanges for module in item.modules]
        assert [block for block in blocks if not release.reads(*block)] == []

    @every_release
    def test_serving(self, name: str) -> None:
        """The chart of FATE-Serving that goes with a release exists."""
        assert known(name).serving == fact("serving", name)
        assert known(name).serving in {None, *SERVING_NAMES}

    @every_release
    def test_fateflow(self, name: str) -> None:
        """FATE-Flow's keys, Services and workload."""
        fateflow = known(name).fateflow
        assert [fateflow.type_key, fateflow.http_key, fateflow.grpc_key] == fact("fateflow_keys", name)
        assert f"{fateflow.workload}/{fateflow.name}/{fateflow.container}" == fact("fateflow_pod", name)
        assert list(fateflow.services) == fact("fateflow_services", name)

    @every_release
    def test_ports(self, name: str) -> None:
        """Container ports never changed."""
        ports = known(name).ports
        assert (ports.federation, ports.fateflow_grpc, ports.fateflow_http) == (9370, 9360, 9380)
        assert (ports.fateboard, ports.mysql) == (8080, 3306)
        eggroll_2 = known(name).generation == "kubefate"
        assert (ports.notebook, ports.clustermanager, ports.nodemanager) == (
            (20000, 4670, 4671) if eggroll_2 else (0,) * 3
        )
        assert [ports.nginx_http, ports.nginx_grpc] == fact("nginx_ports", name)
        assert [ports.rabbitmq, ports.pulsar, ports.pulsar_tls, ports.traffic_server] == fact("broker_ports", name)

    @every_release
    def test_hosts(self, name: str) -> None:
        """Hosts of the web interfaces; the pattern tells parties apart, the defaults only before 1.6.1."""
        hosts = known(name).hosts
        assert hosts.dialect == fact("hosts_dialect", name)
        assert dict(hosts.defaults)["fateboard"] == fact("default_fateboard_host", name)
        assert all("{party}" in host for _, host in hosts.pattern)
        assert [interface for interface, _ in hosts.defaults] == fact("interfaces", name)
        assert [interface for interface, _ in hosts.pattern] == fact("interfaces", name)

    @every_release
    def test_host_keys(self, name: str) -> None:
        """The key of each interface is one that the chart reads."""
        release = known(name)
        keys = [release.hosts.key(interface) for interface, _ in release.hosts.pattern]
        assert [key for key in keys if key is not None and not release.reads(FATE, key)] == []
        assert all(key is None for key in keys) is (release.hosts.dialect == "fixed")

    def test_words_of_host_keys(self) -> None:
        """Interfaces of the brokers and Spark end in UI before 1.6.1."""
        interfaces = ("client", "spark")
        assert [known("v1.6.0").hosts.key(interface) for interface in interfaces] == ["host.client", "host.sparkUI"]
        assert [known("v1.6.1").hosts.key(interface) for interface in interfaces] == ["ingress.client", "ingress.spark"]

    @every_release
    def test_kubernetes(self, name: str) -> None:
        """Versions of Kubernetes."""

        def text(version: tuple[int, int] | None) -> str | None:
            return version and f"{version[0]}.{version[1]}"

        kubernetes = known(name).kubernetes
        assert [text(kubernetes.minimum), text(kubernetes.below)] == fact("kubernetes", name)
        assert text(kubernetes.pod_security_policy_below) == fact("pod_security_policy_below", name)
        assert kubernetes.ingress_api == ("v1" if kubernetes.below is None else "v1beta1")

    @every_release
    def test_images(self, name: str) -> None:
        """Names and tags of the images."""
        images = known(name).images
        tag = f"{known(name).fate}-release"
        assert images.tag == tag
        assert [images.registry, images.separator] == fact("registry", name)
        assert images.reference("fateflow") == f"{fact('fateflow_image', name)}:{tag}"
        assert images.reference("mysql") == fact("mysql_image", name)
        words = ("eggroll", "fateboard", "client") if known(name).generation == "kubefate" else ("fateboard", "egg")
        for component in words:
            assert images.reference(component) == f"federatedai/{component}:{tag}"
        assert ("lbrollsite" in dict(images.names)) is known(name).has_load_balancing
        assert ("osx" in dict(images.names)) is (known(name).module == "osx")

    @every_release
    def test_every_module_has_an_image(self, name: str) -> None:
        """What an engine or an exchange deploys has an image."""
        release = known(name)
        names = dict(release.images.names)
        shared = {
            **dict.fromkeys(("rollsite", "clustermanager", "nodemanager"), "eggroll"),
            "python": "fateflow",
            "spark": "sparkWorker",
            "hdfs": "datanode",
        }
        modules = {module for engine in release.engines for module in engine.modules}
        modules |= {module for item in release.exchanges for module in item.modules}
        assert {shared.get(module, module) for module in modules} - set(names) == set()

    @every_release
    def test_images_of_spark(self, name: str) -> None:
        """Names and tags of what the Spark engines deploy."""
        release = known(name)
        if len(release.engines) == 1:
            assert "nginx" not in dict(release.images.names)
            return
        images, tag = release.images, release.images.tag
        fateflow, nginx, pulsar, hadoop = fact("spark_images", name)
        assert images.reference("fateflow-spark") == f"federatedai/{fateflow}:{tag}"
        assert images.reference("nginx") == f"federatedai/{nginx or f'nginx:{tag}'}"
        assert dict(images.names).get("pulsar") == (pulsar and f"federatedai/pulsar:{pulsar}")
        assert images.reference("rabbitmq") == "federatedai/rabbitmq:3.8.3-management"
        assert images.reference("sparkMaster") == f"federatedai/spark-master:{tag}"
        assert images.reference("sparkWorker") == f"federatedai/spark-worker:{tag}"
        for word in ("namenode", "datanode"):
            assert images.reference(word) == f"federatedai/hadoop-{word}:2.0.0-{hadoop}"

    def test_image_suffixes(self) -> None:
        """Algorithm and device show in the names of the images that carry them."""
        images = known("v1.11.2").images
        assert images.reference("eggroll", "NN", "GPU") == "federatedai/eggroll-nn-gpu:1.11.2-release"
        assert images.reference("fateflow", "Basic", "IPCL") == "federatedai/fateflow-ipcl:1.11.2-release"
        assert images.reference("client", "NN", "GPU") == "federatedai/client:1.11.2-release"
        assert images.reference("fateflow-spark", "NN") == "federatedai/fateflow-spark-nn:1.11.2-release"
        assert images.reference("sparkWorker", "NN", "GPU") == "federatedai/spark-worker-nn-gpu:1.11.2-release"
        assert images.reference("sparkMaster", "NN", "GPU") == "federatedai/spark-master:1.11.2-release"
        assert images.reference("trafficServer") == "federatedai/trafficserver"

    @every_release
    def test_toy(self, name: str) -> None:
        """Where and how the toy example runs, and how its result is read."""
        toy = known(name).toy
        place = toy.places[0]
        where, directory, word, rule = fact("toy", name)
        assert f"{place.workload}/{place.name}/{place.container}" == where
        assert (place.directory, toy.command[0], toy.verdict.rule) == (directory, word, rule)
        assert {"9999", "10000"} <= set(toy.argv(9999, 10000))
        if rule == "number":
            assert (toy.verdict.expected, toy.verdict.tolerance) == (2000, 1e-6)
            assert toy.verdict.success_line == "success to calculate secure_sum, it is"
        else:
            assert (toy.verdict.status, toy.verdict.success_line) == ("success", None)

    def test_toy_command(self) -> None:
        """The command with its ids."""
        assert known("v1.11.2").toy.argv(9999, 10000) == (
            *("flow", "test", "toy"),
            *("--guest-party-id", "9999", "--host-party-id", "10000"),
        )
        assert known("v1.4.5").toy.argv(9999, 10000) == ("python", "run_toy_example.py", "9999", "10000", "1")
        argv = ("python", "run_toy_example.py", "9999", "10000", "1", "-b")
        assert known("v1.6.1").toy.argv(9999, 10000) == (*argv, "0")
        assert known("v1.6.1").toy.argv(9999, 10000, "spark_pulsar") == (*argv, "2")

    @every_release
    def test_credentials(self, name: str) -> None:
        """Default logins, and the keys that change them."""
        credentials = {credential.component: credential for credential in known(name).credentials}
        legacy = known(name).generation != "kubefate"
        keys = (None, None) if legacy else ("mysql.user", "mysql.password")
        mysql = credentials["mysql"]
        assert (mysql.user_key, mysql.password_key, mysql.user, mysql.password) == (*keys, "fate", "fate_dev")
        assert ("redis" in credentials) is legacy
        assert ("fateboard" in credentials) is fact("fateboard_login", name)
        assert known(name).reads(FATE, "fateboard.password") is fact("fateboard_login", name)
        assert ("notebook" in credentials) is fact("notebook", name)
        if "notebook" in credentials:
            assert credentials["notebook"].password is None
            assert (credentials["notebook"].password_key is not None) is fact("notebook_password", name)
        assert ("rabbitmq" in credentials) is (len(known(name).engines) > 1)
        if "rabbitmq" in credentials:
            rabbitmq = credentials["rabbitmq"]
            assert (rabbitmq.user_key, rabbitmq.password_key, rabbitmq.user) == (None, None, rabbitmq.password)

    @every_release
    def test_route_table(self, name: str) -> None:
        """The route table is read again, or rollsite has to restart."""
        if name in SCRIPTS:
            assert known(name).changes == ()  # the charts are written anew
            return
        module = known(name).module
        [change] = [change for change in known(name).changes if f"{module}.partyList" in change.keys]
        assert change.seconds == fact("route_seconds", name)
        assert change.restart == (() if change.seconds else (module,))

    @every_release
    def test_route_tables_of_spark(self, name: str) -> None:
        """The proxy looks every 5 seconds and forgets nothing; tasks read the brokers' tables."""
        changes = {key: change for change in known(name).changes for key in change.keys}
        for engine in known(name).engines[1:]:
            nginx = changes["nginx.route_table"]
            assert nginx.seconds == fact("nginx_seconds", name)
            assert nginx.restart_removed == (("nginx",) if nginx.seconds else ())
            assert nginx.restart == (() if nginx.seconds else ("nginx",))
            broker = changes[f"{engine.broker}.route_table"]
            assert broker.each_task is fact("tables_each_task", name)
            assert broker.restart == (() if broker.each_task else ("python",))
            assert broker.command == ("pulsar-admin clusters delete {party}" if engine.broker == "pulsar" else None)
        assert ("nginx.exchange" in changes) is known(name).reads(FATE, "nginx.exchange")
        sni = changes.get("trafficServer.route_table")
        assert (sni and sni.restart) == (("traffic-server",) if known(name).ports.traffic_server else None)

    @every_release
    def test_defaults_of_spark(self, name: str) -> None:
        """Defaults that only parties with nginx or Pulsar see."""
        defaults = {default.key: default for default in known(name).defaults}
        nginx = defaults.get("nginx.exchange")
        assert (nginx and nginx.value) == fact("nginx_exchange", name)
        assert (nginx and nginx.module) == (fact("nginx_exchange", name) and "nginx")
        domain = defaults.get("pulsar.exchange.domain")
        assert (domain and domain.value) == ("fate.org" if known(name).reads(FATE, "pulsar.exchange.domain") else None)

    @every_release
    def test_storage_classes(self, name: str) -> None:
        """Names that go live when none is written (INV-PVC-1)."""
        assert dict(known(name).storage_classes) == fact("storage_classes", name)

    @every_release
    def test_unread_tables(self, name: str) -> None:
        """Only the chart of 2.0.0 puts the brokers' tables where FATE-Flow does not look."""
        tables = ("pulsar.route_table", "rabbitmq.route_table")
        assert known(name).unread == (tables if name == "v2.0.0" else ())

    @every_release
    def test_features(self, name: str) -> None:
        """What follows from the keys holds in the releases the reference gives for it."""
        release = known(name)
        for feature, spans in restated()["features"].items():
            expected = any(within(name, first, last) for first, last in spans)
            assert (feature, getattr(release, feature)) == (feature, expected)


class TestServing:
    """The charts of FATE-Serving."""

    @every_serving
    def test_every_restated_key_is_read_and_no_other(self, name: str) -> None:
        """The keys are those of the reference; what is below a list of items is spelt out."""
        release = known_serving(name)
        expected = expected_keys(FATE_SERVING, name)
        assert [path for path in expected if not release.reads(path)] == []
        leaves = [leaf if leaf in expected else leaf.partition("[*]")[0] for leaf in release.leaves()]
        assert sorted(set(leaves) - expected) == []

    @every_serving
    def test_keys_that_are_gone_are_not_read(self, name: str) -> None:
        """A key outside its range is not read, unless it is above one that is."""
        expected = expected_keys(FATE_SERVING, name)
        gone = {row["path"] for row in key_rows() if row["chart"] == FATE_SERVING} - expected
        read = [path for path in gone if known_serving(name).reads(path)]
        assert [path for path in read if not any(other.startswith(f"{path}.") for other in expected)] == []

    @every_serving
    def test_dead_keys(self, name: str) -> None:
        """Exactly the restated keys are dead, and what names a key names a live one."""
        release = known_serving(name)
        rows = [row for row in key_rows() if row["chart"] == FATE_SERVING and holds(row, name)]
        assert [row["path"] for row in rows if release.is_dead(row["path"])] == [
            row["path"] for row in rows if dead_at(row, name)
        ]
        keys: list[str | None] = [key for change in release.changes for key in change.keys]
        keys += [default.key for default in release.defaults]
        keys += [f"{module}.storageClass" for module, _ in release.storage_classes]
        for credential in release.credentials:
            keys += [credential.user_key, credential.password_key]
        assert [key for key in keys if key and (not release.reads(key) or release.is_dead(key))] == []

    @every_serving
    def test_facts(self, name: str) -> None:
        """Modules, what must be written, versions of Kubernetes, and what follows from the keys."""
        release = known_serving(name)
        assert name in restated()["serving_published"]
        assert (release.chart, list(release.modules)) == (FATE_SERVING, serving_fact("modules", name))
        assert list(release.exchange_modules) == serving_fact("exchange", name)
        assert release.required == tuple(module for module in release.modules if module != "servingAdmin")
        newer = serving_fact("since_2_0_4", name)
        assert (release.has_type, release.needs_zookeeper, release.reads("servingProxy.type")) == (newer, newer, newer)
        kubernetes = release.kubernetes
        versions = (kubernetes.minimum, kubernetes.below, kubernetes.pod_security_policy_below)
        texts = [version and f"{version[0]}.{version[1]}" for version in versions]
        assert texts == [*serving_fact("kubernetes", name), serving_fact("pod_security_policy_below", name)]
        for feature in ("has_load_balancer_ip", "has_external_redis", "has_image_tag", "has_ingress_class"):
            assert (feature, getattr(release, feature)) == (feature, serving_fact(feature, name))

    @every_serving
    def test_hosts(self, name: str) -> None:
        """Each interface has a key that the chart reads, and a host of its own per party."""
        release = known_serving(name)
        assert release.hosts.dialect == serving_fact("dialect", name)
        for module, host in release.hosts.pattern:
            assert release.reads(release.hosts.key(module) or "")
            assert "{party}" in host
        assert {module for module, _ in release.hosts.pattern} == {"servingProxy", "servingAdmin"} & set(
            release.modules
        )

    @every_serving
    def test_ports(self, name: str) -> None:
        """Ports never changed; the administration and ZooKeeper came with 2.0.4."""
        ports = known_serving(name).ports
        assert (ports.proxy_inter, ports.proxy_intra, ports.proxy_http) == (8869, 8879, 8059)
        assert (ports.server, ports.redis) == (8000, 6379)
        assert (ports.admin, ports.zookeeper) == ((8350, 2181) if known_serving(name).needs_zookeeper else (0, 0))

    @every_serving
    def test_images(self, name: str) -> None:
        """Every module has an image; FATE-Serving's own carry its version."""
        release = known_serving(name)
        assert [module for module, _ in release.images.names] == [
            module
            for module in ("servingServer", "servingProxy", "servingAdmin", "servingRedis", "servingZookeeper")
            if module in release.modules
        ]
        assert release.images.reference("servingProxy") == f"federatedai/serving-proxy:{serving_fact('tag', name)}"

    @every_serving
    def test_credentials(self, name: str) -> None:
        """Redis has a default password in every version, the administration a login since it exists."""
        credentials = {credential.component: credential for credential in known_serving(name).credentials}
        redis = credentials["servingRedis"]
        assert (redis.password_key, redis.password) == (serving_fact("redis_key", name), "fate_dev")
        admin = credentials.get("servingAdmin")
        assert (admin is not None) is ("servingAdmin" in known_serving(name).modules)
        assert admin is None or (admin.user, admin.password) == ("admin", "admin")

    @every_serving
    def test_routes_need_a_restart(self, name: str) -> None:
        """The proxy works on what it read at its start."""
        [change] = [item for item in known_serving(name).changes if "servingProxy.partyList" in item.keys]
        assert (change.restart, change.seconds) == (("serving-proxy",), None)

    def test_order(self) -> None:
        """Versions compare as releases do."""
        assert known_serving("v1.2.2").order < known_serving("v1.2.2-a").order < known_serving("v1.2.4").order

    def test_kind(self) -> None:
        """Types as the files have them."""
        release = known_serving("v2.1.6")
        paths = ("servingProxy", "servingProxy.partyList", "servingServer.fateflow.port", "servingServer.cacheSwitch")
        assert [release.kind(path) for path in paths] == ["keys", "items", "port", None]


class TestScripts:
    """Releases before the KubeFATE service."""

    @pytest.mark.parametrize("name", SCRIPTS)
    def test_keys_of_the_files(self, name: str) -> None:
        """kube.cfg and .env have the restated keys; nothing is a cluster.yaml."""
        release = known(name)
        assert set(release.charts) == {KUBE_CFG, ".env", "helm"}
        assert list(release.leaves(KUBE_CFG)) == restated()["kube_cfg"]
        assert list(release.leaves(".env")) == restated()["env_file"]
        assert (release.kubefate.version, release.kubefate.image, release.kubefate.keys) == ("", "", ())

    @pytest.mark.parametrize("name", [name for name in RELEASE_NAMES if release_order(name) < release_order("v1.4.0")])
    def test_images(self, name: str) -> None:
        """Names of the images before eggroll 2."""
        release = known(name)
        tag = release.images.tag
        named = {"metaService": "meta-service", "fateflow": "python"}
        for word in ("proxy", "egg", "federation", "metaService", "roll", "fateflow", "fateboard"):
            assert release.images.reference(word) == f"federatedai/{named.get(word, word)}:{tag}"
        assert release.images.reference("redis") == "redis:5"


@pytest.fixture
def reference() -> Path:
    """Return the folder of the originals."""
    if not REFERENCE.is_dir():
        pytest.skip("no ../shared/reference beside the repository")
    return REFERENCE


class TestOriginals:
    """The restated facts against the originals."""

    def test_keys(self, reference: Path) -> None:
        """keys.tsv is the reference's list; where it says otherwise about dead keys, it is known why."""
        charts = loaded((reference / "data" / "keys-by-chart.yaml").read_text())["charts"]
        misread = {  # the top-level partyId, and the items of a range without its brackets
            (FATE, "host.partyId"),
            *((FATE_SERVING, f"servingProxy.partyList.party{word}") for word in ("Id", "Ip", "Port")),
        }
        original = {
            (chart, path): (
                entry["since"],
                "" if path.startswith("servingProxy.partyList[*]") else entry.get("last", ""),
                ",".join(entry.get("absent_in", [])),
            )
            for chart in (FATE, FATE_EXCHANGE, FATE_SERVING)
            for path, entry in charts[chart].items()
            if (chart, path) not in misread
        }
        assert {
            (row["chart"], row["path"]): (row["since"], row["last"], row["absent"])
            for row in key_rows()
            if not row["note"]
        } == original
        unrendered = {
            (path, entry["never_read_by_templates_of"])
            for path, entry in charts[FATE].items()
            if "never_read_by_templates_of" in entry and (FATE, path) in original
        }
        assert {(path, name) for path, name in unrendered if not known(name).is_dead(FATE, path)} == {
            ("servingPort", "v2.0.0"),  # mapped to serving.port; cluster-yaml.md §4.1 does not call it dead
            ("egg.count", "v1.3.0-b"),  # as above: it makes that many eggs
        }
        dead = {
            (path, entry["never_read_by_templates_of"])
            for path, entry in charts[FATE_SERVING].items()
            if "never_read_by_templates_of" in entry
        }
        assert {(path, name) for path, name in dead if not known_serving(name).is_dead(path)} == set()

    def test_versions(self, reference: Path) -> None:
        """What versions.yaml says of a release is what its file says."""
        original = loaded((reference / "versions.yaml").read_text())
        published = original["gh_pages_charts"]
        assert set(restated()["published"]) <= set(published[FATE])
        assert {name for name in published[FATE] if load(name) is None} == set()
        assert set(restated()["exchange_published"]) == set(published[FATE_EXCHANGE])
        assert set(SERVING_NAMES) == set(restated()["serving_published"]) == set(published[FATE_SERVING])
        scripts = original["releases"]["1.2.0"]
        assert list(known("v1.2.0").leaves(KUBE_CFG)) == scripts["config_keys"]
        assert list(known("v1.2.0").leaves(".env")) == list(scripts["env_file"]["keys"])
        assert list(known("v1.2.0").engines[0].modules) == scripts["modules"]
        assert set(known("v1.3.0-a").engines[0].modules) == set(original["releases"]["1.3.0-a"]["modules"])
        seen = []
        for entry in original["releases"].values():
            release = load(entry.get("fate_chart", {}).get("chartVersion", ""))
            if release is None or "modules_by_engine" not in entry:
                continue
            seen.append(release.name)
            assert release.chart.git_tag == entry["git_tag"]
            assert release.chart.published is entry["fate_chart"]["published_on_gh_pages"]
            assert release.kubefate.version == entry["kubefate_service_version"]
            assert release.kubefate.image == entry["kubefate_image_in_kubefate_yaml"]
            written = [
                [module.strip("()") for module in modules]
                for engine, modules in entry["modules_by_engine"].items()
                if not engine.startswith("lb-") and not (release.name == "v2.0.0" and engine.startswith("Spark_local"))
            ]
            assert sorted(written) == sorted(list(engine.modules) for engine in release.engines)
            assert release.serving == entry["serving_chart"]["chartVersion_in_samples"].partition(" ")[0] or (
                release.name == "v1.8.0"
            )
            values = entry["engine_values"]
            if isinstance(values, dict):
                assert [algorithm for algorithm, _ in release.algorithms] == values["algorithm"]
                assert set(release.devices) == set(values["device"])
                assert all(value in values[key] for key, value in release.engines[0].selector)
            pod = entry["fateflow_pod"]
            assert (pod["workload_kind"], pod["workload_name"], pod["container"], pod["services"]) == (
                release.fateflow.workload,
                release.fateflow.name,
                release.fateflow.container,
                list(release.fateflow.services),
            )
            for component in ("fateboard", "client", "mysql"):
                assert release.images.reference(component) == entry["images"][component]
            assert entry["images"]["eggroll"].endswith(f":{release.images.tag}")
            for component in {"nginx", "rabbitmq", "pulsar"} & entry["images"].keys():
                image = entry["images"][component].replace("<registry>", "federatedai").partition(" ")[0]
                assert release.images.reference(component) == image
        assert len(seen) == 17

    def test_samples_read_no_unknown_key(self, reference: Path) -> None:
        """Whatever KubeFATE's samples write at their top level is known, but for keys that are known to be unread."""
        unread = set()
        for path in sorted((reference / "data").glob("v*.yaml")):
            sample = loaded(path.read_text())
            version = sample.get("chartVersion") or path.name.partition("__")[0]
            chart = sample.get("chartName", FATE)
            serving = load_serving(version) if chart == FATE_SERVING else None
            release = load(path.name.partition("__")[0] if chart == FATE_SERVING else version)
            assert release is not None
            for key in sample:
                known_key = serving.reads(key) if serving is not None else release.reads(chart, key)
                if not known_key and key not in release.kubefate.keys:
                    unread.add((chart, key))
        assert unread == {
            (FATE, "rollsite"),  # samples of 2.0.0
            (FATE_EXCHANGE, "istio"),
            (FATE_EXCHANGE, "persistence"),
            (FATE_SERVING, "ingress"),  # with chart v2.0.4
        }
