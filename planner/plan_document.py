"""The content of plan.json: what apply and verify need to know of every site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planner.lock import Lock, LockedSite
from planner.plan import Plan, PlannedSite, dialled_at
from planner.plan_json import VERSION


def plan_document(plan: Plan, source: str, lock: str, files: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """plan.json as data; `source` and `lock` are the SHA-256 of the two files, `files` the digests per site."""
    return {
        "version": VERSION,
        "federation": plan.federation.name,
        "source": source,
        "lock": lock,
        "sites": [_site(planned, files[planned.key]) for planned in plan.sites],
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


def _site(planned: PlannedSite, files: Mapping[str, str]) -> dict[str, Any]:
    site = planned.site
    endpoint = dialled_at(planned)
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
        "endpoint": {"host": endpoint.host, "port": endpoint.port},
        "ports": dict(sorted(planned.ports.items())),
        "files": dict(files),
    }
