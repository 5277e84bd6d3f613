"""Every release and every topology renders, reads back to the same graph, and loses nothing on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from planner.releases import RELEASE_NAMES, load

CREDENTIALS = 'defaults: {credentials: {mysql: "env:FATE_MYSQL_PASSWORD"}}'
CLUSTERS = """
clusters:
  - {name: bank, address: 192.168.9.1}
  - {name: shop, address: shop.example.org}
  - {name: lab, address: "fd00::9"}
"""
PARTIES = """
parties:
  - {id: 9999, cluster: bank}
  - {id: 10000, cluster: shop}
  - {id: 10001, cluster: lab}
  - {id: 10002, cluster: bank}
"""
TOPOLOGIES = {
    "mesh": "topology: mesh",
    "links": "topology: [{links: [[9999, 10000], [10000, 10001], [10001, 10002]]}]",
    "star": "topology: star\nexchanges: [{name: hub, cluster: bank}]",
    "two-stars": (
        "topology: [{star: [9999, 10000], through: hub}, {star: [10000, 10001, 10002], through: yard}]\n"
        "exchanges: [{name: hub, cluster: bank}, {name: yard, cluster: lab}]"
    ),
    "star-of-stars": (
        "topology: [{star: {hub: [9999, 10002], yard: [10000, 10001]}}]\n"
        "exchanges: [{name: hub, cluster: bank}, {name: yard, cluster: lab}]"
    ),
    "hybrid": (
        "topology: [{mesh: [9999, 10000, 10001]}, {star: [10001, 10002], through: hub}]\nnever: [[9999, 10002]]\n"
        "exchanges: [{name: hub, cluster: bank}]"
    ),
    "balanced": (
        "topology: [{star: all, through: [hub, yard]}]\n"
        "exchanges: [{name: hub, cluster: bank}, {name: yard, cluster: lab}]"
    ),
    "polling": ("topology: [{links: [[9999, 10000]]}]\n"),
}


def federation(release: str, topology: str) -> str:
    """A federation of four parties on three clusters."""
    known = load(release)
    assert known is not None
    credentials = {"mysql": "env:FATE_MYSQL_PASSWORD"}
    if any(item.component == "fateboard" for item in known.credentials):
        credentials["fateboard"] = "env:FATEBOARD_PASSWORD"
    lines = [
        "version: 1",
        "name: matrix",
        f"release: {release}",
        TOPOLOGIES[topology],
        CLUSTERS,
        PARTIES if topology != "polling" else _polling(),
        yaml.safe_dump({"defaults": {"credentials": credentials}}),
    ]
    text = "\n".join(lines)
    if release == "v2.0.0":
        text = text.replace("cluster: bank}]", "cluster: bank, target: kubernetes}]")
        text = text.replace("name: hub, cluster: bank}", "name: hub, cluster: bank, target: kubernetes}")
        text = text.replace("name: yard, cluster: lab}", "name: yard, cluster: lab, target: kubernetes}")
    return text


def _polling() -> str:
    return "parties:\n  - {id: 9999, cluster: bank}\n  - {id: 10000, cluster: shop, polling: 9999}\n"


def possible(release: str, topology: str) -> bool:
    """Whether the release can do this topology at all; what it cannot do is refused, which other tests show."""
    known = load(release)
    assert known is not None
    if topology == "balanced":
        return known.has_load_balancing and bool(known.exchanges)
    if topology == "polling":
        return known.has_polling
    if topology in {"mesh", "links"}:
        return True
    return bool(known.exchanges) or release == "v2.0.0"


CASES = [(release, topology) for release in RELEASE_NAMES for topology in TOPOLOGIES if possible(release, topology)]
REFUSED = [
    (release, topology) for release in RELEASE_NAMES for topology in TOPOLOGIES if not possible(release, topology)
]


@pytest.mark.parametrize(("release", "topology"), CASES)
def test_it_renders_and_reads_back(release: str, topology: str, plan_of: Callable[[str], Any]) -> None:
    """No finding but the remark that a chart is unpublished: every pair is proved from the rendered files."""
    planned = plan_of(federation(release, topology))
    assert [code for code in planned.codes if code != "FED403"] == []
    assert planned.plan.topology.count_pairs() > 0


@pytest.mark.parametrize(("release", "topology"), REFUSED)
def test_what_a_release_cannot_do_is_refused(release: str, topology: str, plan_of: Callable[[str], Any]) -> None:
    """A topology that the release's charts cannot express is a finding, not silence."""
    assert set(plan_of(federation(release, topology)).codes) & {"FED603", "FED604"}


@pytest.mark.parametrize("release", RELEASE_NAMES)
def test_no_key_is_lost(release: str, plan_of: Callable[[str], Any]) -> None:
    """Every key that is written is one that the chart of that release reads."""
    planned = plan_of(federation(release, "mesh"))
    known = load(release)
    assert known is not None
    for files in planned.files().values():
        data = yaml.safe_load(files["cluster.yaml"])
        unknown = [key for key in data if key not in known.kubefate.keys and not known.reads("fate", key)]
        assert unknown == []


@pytest.mark.parametrize("release", [name for name in RELEASE_NAMES if load(name).algorithms])  # type: ignore[union-attr]
def test_engine_keys_are_written(release: str, plan_of: Callable[[str], Any]) -> None:
    """All five engine keys are explicit from v1.9.0 on (INV-VER-7)."""
    planned = plan_of(federation(release, "mesh"))
    for files in planned.files().values():
        data = yaml.safe_load(files["cluster.yaml"])
        assert {"computing", "federation", "storage", "algorithm", "device"} <= data.keys()


@pytest.mark.parametrize("topology", ["mesh", "star"])
@pytest.mark.parametrize("release", ["v1.5.0", "v1.11.2", "v2.0.0"])
def test_ports_are_integers(release: str, topology: str, plan_of: Callable[[str], Any]) -> None:
    """Whatever is a port in a rendered file is a YAML integer (INV-PORT-7)."""
    planned = plan_of(federation(release, topology))

    def ports(value: object, key: str = "") -> list[object]:
        if isinstance(value, dict):
            # a probe may name its port
            return [port for name, item in value.items() if name != "tcpSocket" for port in ports(item, name)]
        if isinstance(value, list):
            return [port for item in value for port in ports(item)]
        return [value] if key in {"port", "partyPort", "nodePort", "httpNodePort", "grpcNodePort"} else []

    found = [
        port for files in planned.files().values() for text in files.values() for port in ports(yaml.safe_load(text))
    ]
    assert found
    assert all(type(port) is int for port in found)


@pytest.mark.parametrize("release", RELEASE_NAMES)
def test_defaults_that_look_alive_are_written_out(release: str, plan_of: Callable[[str], Any]) -> None:
    """Whatever KubeFATE's service would fill in with an address, a type or a password of its own is explicit."""
    planned = plan_of(federation(release, "mesh"))
    known = load(release)
    assert known is not None
    checked = 0
    for key in planned.plan.by_key:
        data = yaml.safe_load(planned.files()[key]["cluster.yaml"])
        for default in known.defaults:
            steps = default.key.split(".")
            if "service" not in default.through or (steps[0] == "nginx" and "nginx" not in data["modules"]):
                continue
            value = data
            for step in steps:
                assert step in value, f"{default.key} would be {default.value}"
                value = value[step]
            assert value != default.value, default.key
            checked += 1
    assert checked
