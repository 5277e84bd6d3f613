"""Checks of FATE-Serving: what is found and what is left alone."""

from __future__ import annotations

import pytest

from planner.diagnostics import Diagnostic
from planner.pipeline import check

TEXT = """
version: 1
name: demo
release: {release}
topology: {topology}
clusters:
  - {{name: bank, address: 192.168.9.1}}
  - {{name: shop, address: 192.168.10.1}}
{exchanges}parties:
  - {{id: 9999, cluster: bank{first}}}
  - {{id: 10000, cluster: shop{second}}}
defaults:
  credentials: {{mysql: "env:A"}}
"""
SERVES = ', serving: {credentials: {redis: "env:R", admin: "env:A"}%s}'


def found(code: str, **parts: str) -> list[Diagnostic]:
    """The findings of one code in a federation of two parties."""
    usual = {"release": "v1.11.2", "topology": "mesh", "exchanges": "", "first": SERVES % "", "second": SERVES % ""}
    text = TEXT.format(**{**usual, **parts})
    return [each for each in check(text.encode()).diagnostics if each.fault.code == code]


CODES = ("FED501", "FED502", "FED503", "FED504", "FED505", "FED506")


@pytest.mark.parametrize("code", CODES)
def test_an_ordinary_pair_is_fine(code: str) -> None:
    """Both serve, with the chart of their release, and keep what they keep in training."""
    assert found(code) == []


def test_nobody_to_serve_with() -> None:
    """One remark for the party that serves alone, none for two that never serve."""
    (finding,) = found("FED501", second="")
    assert finding.place.path == ("parties", 0, "serving")
    assert found("FED501", first="", second="") == []


@pytest.mark.parametrize(("release", "expected"), [("v2.1.5", 0), ("v2.1.6", 0), ("v2.0.4", 1)])
def test_lines_of_fate_serving(release: str, expected: int) -> None:
    """The last number may differ; the newer line is taken for the right one."""
    findings = found("FED502", second=SERVES % f", release: {release}")
    assert len(findings) == expected
    assert all(each.place.path == ("parties", 1, "serving") for each in findings)


@pytest.mark.parametrize(
    ("release", "serving", "expected"),
    [("v1.4.4", "v1.2.4", 0), ("v1.4.4", "v2.0.0", 1), ("v1.5.1", "v2.0.4", 0), ("v1.5.1", "v1.2.4", 1)],
)
def test_generations_of_fate_serving(release: str, serving: str, expected: int) -> None:
    """FATE up to 1.4.4 goes with 1.2, later ones with 2.x."""
    assert len(found("FED503", release=release, first=SERVES % f", release: {serving}", second="")) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (", useRegistry: true", 0),
        (", useRegistry: true, release: v2.0.4", 0),
        (", useRegistry: true, release: v2.0.0", 1),
        (", useRegistry: true, modules: [servingProxy, servingRedis, servingServer]", 1),
        (", modules: [servingProxy, servingRedis, servingServer]", 0),
    ],
)
def test_a_registry_needs_its_zookeeper(more: str, expected: int) -> None:
    """ZooKeeper is a module of the own serving cluster since v2.0.4 (INV-SRV-6)."""
    assert len(found("FED504", first=SERVES % more)) == expected


EXCHANGE = "exchanges:\n  - {name: desk, cluster: bank, kind: servingProxy}\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("ingress: {servingProxy: {hosts: [a.b.org], tlsSecret: t}}, serving: {release: v2.0.4}", ["FED604"]),
        ("ingress: {class: a}, serving: {release: v2.0.4}", ["FED604"]),
        ("ingress: {servingProxy: {hosts: [a.b.org, c.b.org]}}, serving: {release: v2.0.4}", ["FED604"]),
        ("ingress: {servingProxy: {hosts: [a.b.org, c.b.org], tlsSecret: t}, class: a}", []),
        ("persistence: true, serving: {release: v1.2.2}", ["FED604"]),
        ("components: {servingZookeeper: {storage: {size: 2Gi}}}", ["FED416"]),
        ("components: {servingZookeeper: {storage: {size: 2Gi}}}, persistence: true", []),
        ("overrides: {persistence: true}", ["FED415"]),
    ],
)
def test_settings_of_an_exchange_for_serving(words: str, expected: list[str]) -> None:
    """What its chart cannot express, or says in vain, is found at the exchange."""
    topology = "[{mesh: all}, {star: all, through: desk}]"
    exchange = EXCHANGE.replace("kind: servingProxy", f"kind: servingProxy, {words}")
    codes = [
        each.fault.code
        for code in ("FED604", "FED415", "FED416")
        for each in found(code, topology=topology, exchanges=exchange)
    ]
    assert codes == expected


@pytest.mark.parametrize("word", ["istio: true", "persistence: true", "ingress: {class: a}"])
def test_other_exchanges_have_no_such_settings(word: str) -> None:
    """An exchange of rollsite has neither data nor an interface."""
    topology, exchange = "star", f"exchanges:\n  - {{name: desk, cluster: bank, {word}}}\n"
    assert len(found("FED604", topology=topology, exchanges=exchange)) == 1


def test_behind_an_exchange_for_serving() -> None:
    """Who is named must serve; `all` means all who do."""
    named = "\n  - mesh: all\n  - {star: [10000, 9999], through: desk}"
    assert len(found("FED505", topology=named, exchanges=EXCHANGE, second="")) == 1
    everyone = "\n  - mesh: all\n  - {star: all, through: desk}"
    assert found("FED505", topology=everyone, exchanges=EXCHANGE, second="") == []
    assert found("FED505", topology=named, exchanges=EXCHANGE) == []


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (SERVES % "", 0),
        (", persistence: {storageClass: fast}" + SERVES % "", 0),
        (", persistence: {storageClass: fast}" + SERVES % ", persistence: false", 1),
        (SERVES % ", persistence: {storageClass: fast}", 0),
    ],
)
def test_models_are_kept_as_data_is(first: str, expected: int) -> None:
    """Serving takes over persistence; only who says otherwise is told (KubeFATE issue 704)."""
    assert len(found("FED506", first=first)) == expected
