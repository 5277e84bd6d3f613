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
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from planner import releases
from planner.releases import (
    FATE,
    FATE_EXCHANGE,
    RELEASE_NAMES,
    Release,
    load,
    release_order,
)

ROOT = Path(__file__).parents[2]
FILES = ROOT / "planner" / "releases"
FACTS = ROOT / "tests" / "facts"
REFERENCE = ROOT.parent / "shared" / "reference" / "kubefate"
SCHEMA = json.loads((FILES / "release.schema.json").read_text())

DOCUMENTED = [
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

every_release = pytest.mark.parametrize("name", RELEASE_NAMES)


def known(name: str) -> Release:
    """Return a release that must exist."""
    release = load(name)
    assert release is not None
    return release


@cache
def restated() -> dict[str, Any]:
    """Return the restated facts about versions."""
    facts: dict[str, Any] = yaml.safe_load((FACTS / "versions.yaml").read_text())
    return facts


def fact(table: str, name: str) -> Any:
    """Return the value a table gives for a release: that of the last entry not after it."""
    earlier = [at for at in restated()[table] if release_order(at) <= release_order(name)]
    return restated()[table][max(earlier, key=release_order)] if earlier else None


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
    if row["note"]:
        return within(name, row["since"], row["last"])
    documented = max((at for at in DOCUMENTED if release_order(at) <= release_order(name)), key=release_order)
    return within(documented, row["since"], row["last"]) and documented not in row["absent"].split(",")


@cache
def expected_keys(chart: str, name: str) -> frozenset[str]:
    """Return the key paths that keys.tsv gives for a chart of a release."""
    return frozenset(row["path"] for row in key_rows() if row["chart"] == chart and holds(row, name))


def validator(pointer: str) -> Draft202012Validator:
    """Return a validator for a part of the schema."""
    registry: Any = Registry().with_resource(SCHEMA["$id"], Resource.from_contents(SCHEMA))
    return Draft202012Validator({"$ref": f"{SCHEMA['$id']}{pointer}"}, registry=registry)


def errors(pointer: str, document: object) -> list[str]:
    """Return what the schema has against a document."""
    return [f"{error.json_path}: {error.message}" for error in validator(pointer).iter_errors(document)]


class TestFiles:
    """The files themselves."""

    def test_every_name_has_a_file_and_every_file_a_name(self) -> None:
        """RELEASE_NAMES is the list of files."""
        assert sorted(path.stem for path in FILES.glob("*.yaml")) == sorted(RELEASE_NAMES)

    def test_names_stand_in_release_order(self) -> None:
        """Oldest first; a letter comes after the release without one."""
        assert list(RELEASE_NAMES) == sorted(RELEASE_NAMES, key=release_order)
        assert release_order("v1.4.0") < release_order("1.4.0-a") < release_order("v1.4.1")
        assert release_order("v1.9.2") < release_order("v1.10.0")

    def test_schema_is_valid_and_describes_every_property(self) -> None:
        """The schema is JSON Schema 2020-12, and no property of it is without a description."""
        Draft202012Validator.check_schema(SCHEMA)
        silent: list[str] = []

        def walk(node: object, path: str) -> None:
            if isinstance(node, dict):
                for key, value in node.get("properties", {}).items():
                    if "description" not in value and "complete" not in path:
                        silent.append(f"{path}.{key}")
                for key, value in node.items():
                    walk(value, f"{path}.{key}")

        walk(SCHEMA, "$")
        assert silent == []

    @every_release
    def test_file_satisfies_schema(self, name: str) -> None:
        """Every file alone, and complete once merged over those it extends."""
        assert errors("", yaml.safe_load((FILES / f"{name}.yaml").read_text())) == []
        assert errors("#/$defs/complete", releases.document(name)) == []

    def test_schema_refuses_what_is_wrong(self) -> None:
        """An incomplete release, a misspelt key and an unknown type are found."""
        document = releases.document("v1.11.2")
        assert errors("#/$defs/complete", {**document, "toyy": {}}) != []
        assert errors("#/$defs/complete", {key: document[key] for key in document if key != "toy"}) != []
        assert errors("", {"name": "v9.9.9", "chart": {"version": "v9.9.9"}, "keys": {"fate": {"a": "x"}}}) != []

    @every_release
    def test_file_is_named_after_its_chart(self, name: str) -> None:
        """File name, `name` and chart version are one; FATE's version is the name without letter."""
        raw = yaml.safe_load((FILES / f"{name}.yaml").read_text())
        assert (raw["name"], raw["chart"]["version"], known(name).fate) == (
            name,
            name,
            name[1:].partition("-")[0],
        )

    @every_release
    def test_chain_has_three_files_at_most_and_goes_back_in_time(self, name: str) -> None:
        """A release extends an earlier one, in a chain of three files at most."""
        chain = [name]
        while extended := yaml.safe_load((FILES / f"{chain[-1]}.yaml").read_text()).get("extends"):
            chain.append(extended)
        assert chain == sorted(chain, key=release_order, reverse=True)
        assert len(chain) <= 3


class TestLoad:
    """The loader."""

    def test_takes_a_name_with_or_without_v(self) -> None:
        """Both spellings give the same object."""
        assert load("1.11.2") is load("v1.11.2")

    @pytest.mark.parametrize("name", ["v1.3.0-a", "v2.1.0", "latest", "", "v", "vv1.11.2", "../v1.4.0"])
    def test_unknown_release_is_none(self, name: str) -> None:
        """A name without a file is no exception."""
        assert load(name) is None

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
        if (name, chart) == ("v2.0.0", FATE_EXCHANGE):
            return  # the tag holds the chart of v1.11.2; there is none of 2.0.0
        assert [path for path in expected_keys(chart, name) if not known(name).reads(chart, path)] == []

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

        def dead(row: dict[str, str]) -> bool:
            first, _, last = row["dead"].partition("..")
            return bool(first) and within(name, first, last or first)

        expected = {row["path"] for row in key_rows() if row["chart"] == FATE and dead(row)}
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
        """Engine selectors, Service keys, credentials, changes and defaults name keys of the chart."""
        release = known(name)
        paths: list[str | None] = [key for engine in release.engines for key, _ in engine.selector]
        paths += [engine.scale_key for engine in release.engines]
        paths += [release.fateflow.type_key, release.fateflow.http_key, release.fateflow.grpc_key]
        for credential in release.credentials:
            paths += [credential.user_key, credential.password_key]
        paths += [key for change in release.changes for key in change.keys]
        paths += [default.key for default in release.defaults]
        assert [path for path in paths if path and not release.reads(FATE, path)] == []

    @every_release
    def test_changes_restart_what_exists(self, name: str) -> None:
        """A group of keys is read again, or names what to restart; never neither."""
        assert [change for change in known(name).changes if not change.restart and change.seconds is None] == []


class TestFacts:
    """The other facts of every release against the restated ones."""

    @every_release
    def test_chart(self, name: str) -> None:
        """Published where the repository has it, tagged where KubeFATE has a tag."""
        chart = known(name).chart
        assert (chart.name, chart.published) == (FATE, name in restated()["published"])
        assert chart.git_tag == (None if name in restated()["untagged"] else name)

    @every_release
    def test_service(self, name: str) -> None:
        """The KubeFATE service of the release; skippedKeys came with the CLI's validation in 1.9."""
        service = known(name).kubefate
        assert service.version == fact("service", name)
        assert service.image == f"federatedai/kubefate:{fact('service_image', name)}"
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
        assert set(engine.optional) <= {"fateboard", "client"}

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
        """Charts for a rollsite exchange, best first, in the release's own version."""
        exchanges = known(name).exchanges
        assert [exchange.chart for exchange in exchanges] == fact("exchanges", name)
        assert {(exchange.version, exchange.modules) for exchange in exchanges} <= {(name, ("rollsite",))}
        assert (FATE_EXCHANGE in known(name).charts) is (name in restated()["exchange_published"])
        for exchange in exchanges:
            tag = fact("exchange_tag", name) if exchange.chart == FATE_EXCHANGE else known(name).images.tag
            assert exchange.default_tag == tag

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
        assert (ports.fateboard, ports.notebook, ports.mysql) == (8080, 20000, 3306)
        assert (ports.clustermanager, ports.nodemanager) == (4670, 4671)

    @every_release
    def test_hosts(self, name: str) -> None:
        """Hosts of the web interfaces; the pattern tells parties apart, the defaults only before 1.6.1."""
        hosts = known(name).hosts
        assert hosts.dialect == fact("hosts_dialect", name)
        assert dict(hosts.defaults)["fateboard"] == fact("default_fateboard_host", name)
        assert all("{party}" in host for _, host in hosts.pattern)

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
        for component in ("eggroll", "fateboard", "client"):
            assert images.reference(component) == f"federatedai/{component}:{tag}"
        assert ("lbrollsite" in dict(images.names)) is known(name).has_load_balancing
        assert ("osx" in dict(images.names)) is (known(name).module == "osx")

    def test_image_suffixes(self) -> None:
        """Algorithm and device show in the names of the images that carry them."""
        images = known("v1.11.2").images
        assert images.reference("eggroll", "NN", "GPU") == "federatedai/eggroll-nn-gpu:1.11.2-release"
        assert images.reference("fateflow", "Basic", "IPCL") == "federatedai/fateflow-ipcl:1.11.2-release"
        assert images.reference("client", "NN", "GPU") == "federatedai/client:1.11.2-release"

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
        assert known("v1.6.1").toy.argv(9999, 10000) == ("python", "run_toy_example.py", "9999", "10000", "1")

    @every_release
    def test_credentials(self, name: str) -> None:
        """Default logins, and the keys that change them."""
        credentials = {credential.component: credential for credential in known(name).credentials}
        mysql = credentials["mysql"]
        assert (mysql.user_key, mysql.password_key, mysql.user, mysql.password) == (
            "mysql.user",
            "mysql.password",
            "fate",
            "fate_dev",
        )
        assert ("fateboard" in credentials) is fact("fateboard_login", name)
        assert known(name).reads(FATE, "fateboard.password") is fact("fateboard_login", name)
        assert credentials["notebook"].password is None
        assert (credentials["notebook"].password_key is not None) is fact("notebook_password", name)

    @every_release
    def test_route_table(self, name: str) -> None:
        """The route table is read again, or rollsite has to restart."""
        module = known(name).module
        [change] = [change for change in known(name).changes if f"{module}.partyList" in change.keys]
        assert change.seconds == fact("route_seconds", name)
        assert change.restart == (() if change.seconds else ("rollsite",))

    @every_release
    def test_features(self, name: str) -> None:
        """What follows from the keys holds in the releases the reference gives for it."""
        release = known(name)
        for feature, spans in restated()["features"].items():
            expected = any(within(name, first, last) for first, last in spans)
            assert (feature, getattr(release, feature)) == (feature, expected)


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
        charts = yaml.safe_load((reference / "data" / "keys-by-chart.yaml").read_text())["charts"]
        legacy = {"v1.3.0-a", "v1.3.0-b"}
        original = {
            (chart, path): (
                "v1.4.0" if entry["since"] in legacy else entry["since"],
                entry.get("last", ""),
                ",".join(entry.get("absent_in", [])),
            )
            for chart in (FATE, FATE_EXCHANGE)
            for path, entry in charts[chart].items()
            if entry.get("last") not in legacy and path != "host.partyId"  # top-level partyId, misread
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
            ("servingPort", "v2.0.0")  # mapped to serving.port; cluster-yaml.md §4.1 does not call it dead
        }

    def test_versions(self, reference: Path) -> None:
        """What versions.yaml says of a release is what its file says."""
        original = yaml.safe_load((reference / "versions.yaml").read_text())
        published = original["gh_pages_charts"]
        assert set(restated()["published"]) <= set(published[FATE])
        assert {name for name in published[FATE] if load(name) is None} == {
            "1.2.0",
            "1.3.0",
            "v1.3.0-a",
            "v1.3.0-b",
        }
        assert set(restated()["exchange_published"]) == set(published[FATE_EXCHANGE])
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
            modules = next(
                modules
                for engine, modules in entry["modules_by_engine"].items()
                if engine.lower().startswith("eggroll")
            )
            assert [module.strip("()") for module in modules] == list(release.engines[0].modules)
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
        assert len(seen) == 17
