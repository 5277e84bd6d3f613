"""What KubeFATE's service would refuse or crash on, known before it is asked (service-api.md sections 4 and 6)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from planner.checks.crashes_service import crashes_service
from planner.checks.update_not_possible import update_not_possible
from planner.diagnostics import Diagnostic, Place
from planner.releases import load, load_serving
from renderers.kubefate_service.planned_clusters import FATE, PlannedCluster
from renderers.kubefate_service.shapes import StoredCluster

_OLDEST_LEFT: Final = "v1.7.1"
"""The last version that KubeFATE does not upgrade from."""
_VERSION: Final = re.compile(r"v?(\d{1,6}(?:\.\d{1,6}){0,3})(?:-([0-9A-Za-z.-]+))?")
_MANAGER_SINCE: Final = (1, 4, 5)
"""The service that has an upgrade manager: that of KubeFATE v1.9.0 and later."""


def version_order(text: str) -> tuple[tuple[int, ...], bool, str] | None:
    """Sorts versions as the service does: one with a suffix comes before the same without. None for what is none."""
    found = _VERSION.fullmatch(text.strip())
    if found is None:
        return None
    numbers = tuple(int(each) for each in found[1].split("."))
    return (*numbers, *([0] * (4 - len(numbers)))), not found[2], found[2] or ""


def has_upgrade_manager(service_version: str) -> bool:
    """Whether a service of this version has an upgrade manager, which reads what crashes it; unknown ones may."""
    order = version_order(service_version)
    return order is None or order[0][:3] >= _MANAGER_SINCE


def refusals(
    stored: StoredCluster, planned: PlannedCluster, place: Place, service_version: str
) -> Iterator[Diagnostic]:
    """Why an update of what is stored to what is planned must not be sent."""
    wanted = planned.installation
    installed = f"{stored.chart} {stored.installed}".strip()
    if stored.chart != wanted.chart:
        reason = f"a cluster keeps its chart: it cannot become {planned.chart}"
        hint = "give the site another name or namespace, or remove what is there"
        yield update_not_possible(place, stored.shown, installed, reason, hint)
        return
    if wanted.chart != FATE:
        return
    before, after = version_order(stored.installed), version_order(wanted.version)
    oldest = version_order(_OLDEST_LEFT)
    if before is not None and after is not None and oldest is not None:
        if after < before:
            hint = f"keep {stored.installed} in `release`, or remove the site with its data and apply it again"
            yield update_not_possible(place, stored.shown, installed, f"cannot go back to {wanted.version}", hint)
        elif after != before and before <= oldest:
            hint = "save its data, remove the site, and apply it again (docs/FATE_Upgrade.md of KubeFATE)"
            reason = f"KubeFATE does not upgrade from {_OLDEST_LEFT} or older"
            yield update_not_possible(place, stored.shown, installed, reason, hint)
    if has_upgrade_manager(service_version):
        yield from _crashes(stored, planned, place)


def _crashes(stored: StoredCluster, planned: PlannedCluster, place: Place) -> Iterator[Diagnostic]:
    """Values that the upgrade manager takes for texts without looking."""
    mysql = planned.data.get("mysql")
    for key in ("user", "password"):
        value = mysql.get(key) if isinstance(mysql, dict) else None
        if value is not None and not isinstance(value, str):
            yield crashes_service(place, stored.shown, f"mysql.{key} is no text", "write it in quotes")
    if mysql is not None and not isinstance(mysql, dict):
        yield crashes_service(place, stored.shown, "mysql is no mapping", "write its user and password below it")
    for key in ("chartName", "chartVersion"):
        if not isinstance(planned.data.get(key), str):
            yield crashes_service(place, stored.shown, f"{key} is no text", "leave it as `plan` writes it")
        elif stored.spec is not None and not isinstance(stored.spec.get(key), str):
            hint = f"remove the site, which keeps its volumes, and apply it again: the service has stored no {key}"
            yield crashes_service(place, stored.shown, f"{key} of what is installed is no text", hint)


def unpublished(chart: str, version: str) -> bool:
    """Whether a chart is known to be in no public repository."""
    if chart == "fate-serving":
        return load_serving(version) is None
    release = load(version)
    return release is not None and not release.chart.published


def is_silent_crash(chart: str) -> str:
    """What is known of services that crash when they update such a chart; empty for a chart that none crashes on."""
    if chart == FATE:
        return ""
    return (
        f"services of KubeFATE v1.9.0 to v1.9.2 crash on every update of {chart}, and their version does not tell: "
        "deploy the service of v1.10.0 or later, or remove the site and apply it again"
    )
