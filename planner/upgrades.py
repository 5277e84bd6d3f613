"""What KubeFATE's upgrade does to sites that are installed with another release.

The plan alone cannot tell: it takes what was planned and installed before, as plan.json of the baseline tells it.
Source: reference cluster-yaml.md INV-UPG-1, INV-UPG-2 and INV-DB-3
(v1.11.2:k8s-deploy/pkg/job/fate_upgrade_manager.go and v1.11.2:docs/FATE_Upgrade.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from planner.checks import refused_upgrade, upgrade_login, upgrade_loses_data
from planner.diagnostics import Diagnostic, Place
from planner.plan import Plan, PlannedSite
from planner.releases import ReleaseOrder, release_order

_PLACE: Final = ("cluster", "namespace", "name", "target")
_OLDEST: Final = release_order("v1.7.2")
"""Before this release KubeFATE's upgrade job knows no way to another one."""
_STATEFUL: Final = release_order("v1.9.0")
"""From this release on the charts' Deployments with volumes are StatefulSets."""


def upgrades(plan: Plan, before: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """Findings about every site that stays where it is and changes its chart; `before` is a plan.json as data."""
    earlier = {site["site"]: site for site in before["sites"]}
    for planned in plan.sites:
        old = earlier.get(planned.key)
        if old is None or planned.site.target != "kubefate" or old["chart"] is None or not _stays(planned, old):
            continue
        yield from _judged(planned, old["chart"]["name"], old["chart"]["version"])


def _stays(planned: PlannedSite, old: Mapping[str, Any]) -> bool:
    site = planned.site
    return all(old[key] == getattr(site, key) for key in _PLACE)


def _judged(planned: PlannedSite, chart: str, version: str) -> Iterator[Diagnostic]:
    site = planned.site
    place = Place((*site.path, "release") if "release" in site.given else ("release",))
    if chart != planned.chart:
        yield refused_upgrade.refused(site.label, place, f"chart {chart} cannot become chart {planned.chart}")
        return
    old, new = _order(version), _order(planned.chart_version)
    if old is None or new is None or old == new:
        return
    if new < old:
        yield refused_upgrade.refused(site.label, place, f"{version} cannot go back to {planned.chart_version}")
    elif old < _OLDEST and site.kind == "party":
        yield refused_upgrade.refused(site.label, place, f"it knows no way from {version}, only from v1.7.2 on")
    elif site.kind == "party":
        if old < _STATEFUL <= new and _makes_claims(planned):
            yield upgrade_loses_data.lost(site.label, place, version, planned.chart_version)
        if site.mysql is not None:
            yield upgrade_login.wrong(site.label, Place((*site.path, "mysql")), version, planned.chart_version)


def _order(version: str) -> ReleaseOrder | None:
    try:
        return release_order(version)
    except ValueError:
        return None


def _makes_claims(planned: PlannedSite) -> bool:
    """Whether a site keeps data in claims that the chart makes, and not in ones that were there before."""
    return planned.site.persistence and "existingClaim" not in planned.site.storage
