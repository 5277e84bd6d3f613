"""The content of plan.json: what apply and verify need to know of every site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planner.lock import Lock, LockedSite
from planner.plan import Plan, PlannedServing, PlannedSite
from planner.plan_json import SHARED, VERSION
from planner.prerequisites import prerequisites


def plan_document(plan: Plan, source: str, lock: str, files: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """plan.json as data; `source` and `lock` are the SHA-256 of the two files, `files` the digests per site."""
    return {
        "version": VERSION,
        "federation": plan.federation.name,
        "source": source,
        "lock": lock,
        **({"files": dict(files[SHARED])} if SHARED in files else {}),
        "sites": [_site(plan, planned, files.get(planned.key, {})) for planned in plan.sites],
    }


def lock_of(document: Mapping[str, Any]) -> Lock:
    """The lock that a plan was written with, for a lost federation.lock; tombstones are lost."""
    return Lock(
        {
            site["site"]: LockedSite(
                cluster=site["cluster"],
                namespace=site["namespace"],
                target=site["target"],
                ports=dict(site["ports"]),
                id=site["id"] if site["kind"] == "exchange" else None,
            )
            for site in document["sites"]
        }
    )


def _site(plan: Plan, planned: PlannedSite, files: Mapping[str, str]) -> dict[str, Any]:
    site = planned.site
    has_chart = site.target in {"kubefate", "helm"}
    return {
        "site": planned.key,
        "kind": site.kind,
        "id": planned.id,
        "release": site.release,
        "chart": {"name": planned.chart, "version": planned.chart_version} if has_chart else None,
        "target": site.target,
        "cluster": site.cluster,
        "context": planned.cluster.context,
        "namespace": site.namespace,
        "name": site.name,
        "serving": None if planned.serving is None or site.kind == "exchange" else _serving(planned.serving),
        "endpoints": {
            str(channel): [{"host": endpoint.host, "port": endpoint.port} for endpoint in planned.endpoints(channel)]
            for channel in planned.channels
        },
        "ports": dict(sorted(planned.ports.items())),
        "prerequisites": [
            {
                "kind": each.kind,
                "namespace": each.namespace,
                "name": each.name,
                "keys": list(each.keys),
                "reason": each.reason,
            }
            for each in prerequisites(plan, planned)
        ],
        "files": dict(files),
    }


def _serving(serving: PlannedServing) -> dict[str, Any]:
    chart = serving.release
    return {
        "chart": {"name": chart.chart, "version": chart.version},
        "namespace": serving.settings.namespace,
        "name": serving.settings.name,
    }
