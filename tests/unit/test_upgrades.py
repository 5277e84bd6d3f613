"""What KubeFATE's upgrade does to installed sites (INV-UPG-1, INV-UPG-2, INV-DB-3)."""

from __future__ import annotations

from typing import Any

import pytest

from planner.pipeline import check
from planner.plan import Plan
from planner.upgrades import upgrades

TEXT = """
version: 1
name: demo
release: {release}
topology: mesh
clusters:
  - {{name: bank, address: 192.168.9.1}}
parties:
  - {{id: 9999, cluster: bank, target: {target}{more}}}
  - {{id: 10000, cluster: bank, target: {target}}}
defaults:
  credentials: {{mysql: "env:A"}}
"""


def planned(release: str, more: str = "", target: str = "kubefate") -> Plan:
    """A plan of two parties at one release."""
    checked = check(TEXT.format(release=release, more=more, target=target).encode())
    assert checked.plan is not None, [each.message for each in checked.diagnostics]
    return checked.plan


def before(plan: Plan, version: str, chart: str = "fate", **changed: str) -> dict[str, Any]:
    """The plan.json that was applied before: the same sites at another version."""
    sites = [
        {
            "site": each.key,
            "cluster": each.site.cluster,
            "namespace": each.site.namespace,
            "name": each.site.name,
            "target": each.site.target,
            "chart": {"name": chart, "version": version},
            **changed,
        }
        for each in plan.sites
    ]
    return {"sites": sites}


def codes(plan: Plan, old: dict[str, Any]) -> list[str]:
    """The codes found, sorted."""
    return sorted(each.fault.code for each in upgrades(plan, old))


@pytest.mark.parametrize("version", ["v1.9.0", "v1.10.0", "v1.11.2"])
def test_an_ordinary_upgrade_is_fine(version: str) -> None:
    """From 1.9 on nothing is lost; the same version is no upgrade."""
    assert codes(planned("v1.11.2"), before(planned("v1.11.2"), version)) == []


@pytest.mark.parametrize(("old", "new"), [("v1.11.2", "v1.10.0"), ("v1.7.1", "v1.11.2"), ("v1.6.1", "v1.7.2")])
def test_what_the_service_refuses(old: str, new: str) -> None:
    """No way back, and none from before v1.7.2 (INV-UPG-1)."""
    plan = planned(new)
    assert codes(plan, before(plan, old)) == ["FED424", "FED424"]


def test_another_chart_is_refused() -> None:
    """An update keeps the chart (INV-UPG-1)."""
    plan = planned("v1.11.2")
    assert codes(plan, before(plan, "v1.11.2", chart="fate-exchange")) == ["FED424", "FED424"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (", persistence: {storageClass: fast}", ["FED425"]),
        (", persistence: {existingClaim: data, accessMode: ReadWriteMany}", []),
        ("", []),
    ],
)
def test_claims_of_the_chart_stay_behind(more: str, expected: list[str]) -> None:
    """From 1.8 to 1.9 Deployments became StatefulSets (INV-UPG-2)."""
    plan = planned("v1.9.0", more)
    assert codes(plan, before(plan, "v1.8.0")) == expected


def test_the_upgrade_job_does_not_know_an_external_mysql() -> None:
    """It logs in with the login of the chart's own MySQL (INV-DB-3)."""
    plan = planned("v1.11.2", ', mysql: {host: db.example.com, database: fate, user: fate, password: "env:P"}')
    assert codes(plan, before(plan, "v1.10.0")) == ["FED426"]


@pytest.mark.parametrize("changed", [{"cluster": "shop"}, {"namespace": "old"}, {"name": "old"}, {"target": "helm"}])
def test_a_site_that_moves_is_installed_anew(changed: dict[str, str]) -> None:
    """What was installed elsewhere is not upgraded."""
    plan = planned("v1.10.0")
    assert codes(plan, before(plan, "v1.11.2", **changed)) == []


def test_helm_upgrades_by_itself() -> None:
    """The rules are those of KubeFATE's service."""
    plan = planned("v1.10.0", target="helm")
    assert codes(plan, before(plan, "v1.11.2")) == []


def test_a_new_site_has_nothing_to_upgrade() -> None:
    """A site that was not there before is installed."""
    assert codes(planned("v1.11.2"), {"sites": []}) == []
