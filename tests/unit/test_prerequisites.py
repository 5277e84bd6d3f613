"""What must exist before a site is installed (INV-NS-2, INV-NS-5, INV-NS-6, INV-EGG-13, INV-PUL-6)."""

from __future__ import annotations

import pytest

from planner.pipeline import check
from planner.plan import Plan
from planner.prerequisites import Prerequisite, prerequisites

HEAD = """
version: 1
name: demo
release: v1.11.2
topology: {topology}
clusters:
  - {{name: bank, address: 192.168.9.1}}
  - {{name: shop, address: 192.168.10.1}}
exchanges: {exchanges}
parties:
  - {{id: 9999, cluster: bank{first}}}
  - {{id: 10000, cluster: shop}}
defaults:
  engine: {engine}
  credentials: {{mysql: "env:A", fateboard: "env:B"}}
"""


def planned(engine: str, first: str = "", topology: str = "mesh", exchanges: str = "[]") -> Plan:
    """A plan of two parties."""
    text = HEAD.format(engine=engine, first=first, topology=topology, exchanges=exchanges)
    checked = check(text.encode())
    assert checked.plan is not None, [each.message for each in checked.diagnostics]
    return checked.plan


def needs(plan: Plan, site: str = "party-9999") -> list[Prerequisite]:
    """What one site needs."""
    return list(prerequisites(plan, plan.by_key[site]))


def test_a_plain_site_needs_its_namespace_only() -> None:
    """Nobody creates it: KubeFATE's service left that out (INV-NS-2)."""
    assert needs(planned("eggroll")) == [Prerequisite("Namespace", "", "fate-9999", "party 9999 is installed there")]


def test_pull_secrets_are_needed_in_both_namespaces() -> None:
    """A party with serving has two namespaces, and Secrets belong to one."""
    found = needs(planned("eggroll", ", imagePullSecrets: [harbor], serving: {}"))
    places = [each.namespace for each in found if each.kind == "Secret"]
    assert places == ["fate-9999", "fate-serving-9999"]
    assert [each.name for each in found if each.kind == "Namespace"] == ["fate-9999", "fate-serving-9999"]


def test_certificates_of_rollsite() -> None:
    """The Secret eggroll-certs must be there where TLS is on (INV-EGG-13)."""
    text = HEAD.format(engine="eggroll, tls: true".replace(", ", "\n  "), first="", topology="mesh", exchanges="[]")
    plan = check(text.encode()).plan
    assert plan is not None
    (found,) = [each for each in needs(plan) if each.kind == "Secret"]
    assert (found.namespace, found.name) == ("fate-9999", "eggroll-certs")
    assert found.keys == ("ca.pem", "client.crt", "client.key", "server.crt", "server.key")


def test_certificates_of_pulsar_behind_an_exchange() -> None:
    """The broker's certificate is for the party's name in the exchange's domain (INV-PUL-6)."""
    plan = planned("spark_pulsar", topology="star", exchanges="[{name: hub, cluster: bank, domain: fate.example.com}]")
    (found,) = [each for each in needs(plan) if each.kind == "Secret"]
    assert (found.name, found.keys) == ("pulsar-cert", ("broker.cert.pem", "broker.key-pk8.pem", "ca.cert.pem"))
    assert "9999.fate.example.com" in found.reason
    (found,) = [each for each in needs(plan, "exchange-hub") if each.kind == "Secret"]
    assert (found.namespace, found.name) == ("fate-hub", "traffic-server-cert")


def test_no_certificate_without_an_exchange() -> None:
    """Pulsar of a mesh speaks no TLS."""
    assert not [each for each in needs(planned("spark_pulsar")) if each.kind == "Secret"]


@pytest.mark.parametrize(
    ("first", "kind", "namespace", "name"),
    [
        (", persistence: {existingClaim: fate-data}", "PersistentVolumeClaim", "fate-9999", "fate-data"),
        (", persistence: {storageClass: fast}", "StorageClass", "", "fast"),
        (
            ", persistence: {storageClass: fast}, components: {mysql: {storage: {existingClaim: db}}}",
            "PersistentVolumeClaim",
            "fate-9999",
            "db",
        ),
        (', credentials: {mysql: "secret:vault/db#pw"}', "Secret", "vault", "db"),
        (", ingress: {fateboard: {hosts: [b.example.com], tlsSecret: board-tls}}", "Secret", "fate-9999", "board-tls"),
        (
            ', mysql: {host: db.example.com, database: fate, user: fate, password: "env:P"}',
            "Database",
            "",
            "db.example.com:3306/fate",
        ),
    ],
)
def test_what_a_setting_needs(first: str, kind: str, namespace: str, name: str) -> None:
    """Everything that a site names and nobody makes is listed."""
    found = [(each.kind, each.namespace, each.name) for each in needs(planned("eggroll", first))]
    assert (kind, namespace, name) in found


def test_each_is_named_once() -> None:
    """A Secret that is used twice is one Secret."""
    ingress = (
        ", ingress: {fateboard: {hosts: [b.example.com], tlsSecret: t}, client: {hosts: [n.example.com], tlsSecret: t}}"
    )
    found = needs(planned("eggroll", ingress))
    assert len([each for each in found if each.name == "t"]) == 1
